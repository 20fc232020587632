// The last line: back and forward, which only look; step and continue, which move the run; edit
// and fork. A control that can do nothing now keeps its place and the focus.

import { button, h, icon, put, setText } from '../view/dom';
import { sign } from './icons';
import type { StepModel } from './model';
import type { Until } from './types';
import { t } from '../words';

/** Where the run can go on to, and what the button says then. */
const aims = (): readonly (readonly [Until, string, string])[] => [
  ['tool', t('tool'), t('Continue to next tool')],
  ['error', t('error'), t('Continue to next error')],
  ['answer', t('answer'), t('Continue to next answer')]
];

export interface ControlActions {
  back(): void;
  forward(): void;
  step(): void;
  go(until: Until): void;
  edit(): void;
  fork(): void;
  help(): void;
}

export class Controls {
  private readonly aims = h(
    'select',
    { 'aria-label': t('Continue to the next'), title: t('Continue to the next') },
    ...aims().map(([value, words]) => h('option', { value }, words))
  );
  private readonly aim = h('span');
  private readonly backward: HTMLButtonElement;
  private readonly forward: HTMLButtonElement;
  private readonly step: HTMLButtonElement;
  private readonly goOn: HTMLButtonElement;
  private readonly edit: HTMLButtonElement;
  private readonly fork: HTMLButtonElement;
  readonly node: HTMLElement;

  constructor(
    private readonly model: StepModel,
    private readonly act: ControlActions
  ) {
    this.backward = command(t('Back'), '←', icon('back'), () => act.back());
    this.forward = command(t('Forward'), '→', sign('fwd'), () => act.forward());
    this.step = command(t('Step'), '↵', sign('step'), () => act.step());
    this.step.classList.add('pri');
    this.goOn = button({ class: '' }, () => this.continue(), sign('ff'), this.aim);
    this.edit = command(t('Edit'), 'E', sign('pen'), () => act.edit());
    this.fork = command(t('Fork'), 'F', sign('fork'), () => act.fork());
    const dd = h('span', { class: 'dd' }, h('span', { 'aria-hidden': 'true' }, '▾'), this.aims);
    const keys = button(
      { class: 'b ghost', 'aria-label': t('Keys'), title: t('Keys') },
      () => act.help(),
      '?'
    );
    const separator = (): HTMLElement => h('span', { class: 'sep' });
    this.node = h(
      'div',
      { class: 'ctl', role: 'toolbar', 'aria-label': t('Step controls') },
      ...[this.backward, this.forward, separator()],
      ...[this.step, h('span', { class: 'b sp' }, this.goOn, dd), separator()],
      ...[this.edit, this.fork, h('span', { class: 'grow' }), keys]
    );
    this.aims.addEventListener('change', () => this.drawAim());
    this.drawAim();
  }

  /** Go on to what is chosen. */
  continue(): void {
    if (this.model.isOpen || this.model.isMoving) this.act.go(this.aims.value as Until);
  }

  update(): void {
    const { model } = this;
    const has = model.shown !== null;
    enable(this.backward, model.at > model.first);
    enable(this.forward, model.at > 0 && model.at < model.count);
    enable(this.step, model.isOpen);
    enable(this.goOn, model.isOpen);
    put(this.aims, { disabled: !model.isOpen });
    enable(
      this.edit,
      has && model.shown?.place !== '' && (model.isOpen || model.looksBack || model.isFinished)
    );
    enable(this.fork, has && !model.isMoving);
  }

  private drawAim(): void {
    setText(this.aim, aims().find(([value]) => value === this.aims.value)?.[2] ?? '');
  }
}

function command(name: string, key: string, mark: SVGElement, act: () => void): HTMLButtonElement {
  const node: HTMLButtonElement = button(
    { class: 'b', 'aria-keyshortcuts': key === '↵' ? 'Enter' : key },
    () => {
      if (node.getAttribute('aria-disabled') !== 'true') act();
    },
    mark,
    h('span', {}, name),
    h('kbd', { 'aria-hidden': 'true' }, key)
  );
  return node;
}

/** Unlike `disabled`, this leaves the focus where it is. */
function enable(node: HTMLButtonElement, isOn: boolean): void {
  put(node, { 'aria-disabled': isOn ? null : 'true' });
}
