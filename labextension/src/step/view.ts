// The step view, put together: the loop at the left, what moves at the right, and the keys.

import { h, put } from '../view/dom';
import { hasFocus } from '../view/held';
import type { StepPane, StepSpace } from '../view/step_door';
import { Controls } from './controls';
import { editForm } from './edit_form';
import { forkDialog } from './fork_dialog';
import { Head } from './head';
import { HistoryPane } from './history_pane';
import { listenForSteps, stepKeysHelp } from './keys';
import { LoopPane } from './loop_pane';
import { StepModel } from './model';
import { MovesLine } from './moves_line';
import { PredictCard } from './predict_card';
import { ReplyPane } from './reply_pane';
import { RequestPane } from './request_pane';
import { STEP_STYLES } from './styles';
import { Tabs } from './tabs';
import { ToolPane } from './tool_pane';
import type { Until } from './types';
import { moveName } from './words';
import { t } from '../words';

export class StepView implements StepPane {
  readonly section = h('section', { class: 'sv', 'aria-label': t('Step view'), tabindex: -1 });
  readonly node = h('div', {}, h('style', {}, STEP_STYLES), this.section);
  private readonly model: StepModel;
  private readonly head: Head;
  private readonly line: MovesLine;
  private readonly loop: LoopPane;
  private readonly predict: PredictCard;
  private readonly tabs: Tabs;
  private readonly controls: Controls;
  private readonly help = stepKeysHelp();
  private readonly body: HTMLElement;
  private readonly sheet = h('div', { class: 'sheets' });
  private isEditing = false;
  private said = '';

  constructor(private readonly space: StepSpace) {
    this.model = new StepModel(space.send, space.runId, () => this.update());
    this.head = new Head(
      this.model,
      {
        end: () => this.go('end'),
        pause: () => this.go('move'),
        stop: () => void this.model.stop().catch((error: unknown) => space.say(String(error))),
        close: () => space.close(),
        over: (runId, n) => this.over(runId, n)
      },
      space.who
    );
    this.line = new MovesLine(this.model);
    this.loop = new LoopPane(this.model);
    this.predict = new PredictCard(this.model, () => this.update());
    this.tabs = new Tabs(this.model, {
      History: new HistoryPane(),
      Request: new RequestPane(space),
      Reply: new ReplyPane(),
      Tool: new ToolPane(this.model, () => this.edit())
    });
    this.controls = new Controls(this.model, this.actions());
    const left = h('div', { class: 'lf' }, ...this.loop.nodes, this.predict.node);
    this.body = h('div', { class: 'cols' }, left, this.tabs.node);
    this.section.append(this.head.bar, this.line.node, ...this.head.notes, this.help);
    this.section.append(this.body, this.controls.node, this.sheet);
    listenForSteps(this.section, this.actions());
    this.update();
    void this.model.refresh();
  }

  news(): void {
    this.model.news();
  }

  focus(): void {
    this.section.focus({ preventScroll: true });
  }

  dispose(): void {
    this.model.dispose();
    this.node.remove();
  }

  private actions(): ConstructorParameters<typeof Controls>[1] &
    Parameters<typeof listenForSteps>[1] {
    const { model } = this;
    return {
      back: () => void model.back(),
      forward: () => void model.forward(),
      step: () => {
        if (model.isOpen) this.go('move');
      },
      go: until => this.go(until),
      continue: () => this.controls.continue(),
      edit: () => this.edit(),
      fork: () => this.fork(null),
      end: () => this.go('end'),
      stop: () => this.head.press(),
      toNow: () => void model.toNow(),
      help: () => {
        this.help.hidden = !this.help.hidden;
      },
      escape: () => this.escape()
    };
  }

  private update(): void {
    const { model } = this;
    const hadFocus = hasFocus(this.section);
    this.head.update();
    this.line.update();
    this.loop.update();
    this.predict.update();
    if (this.isEditing && (model.at !== this.editingAt || !model.shown)) this.closeForm(false);
    this.tabs.update();
    this.controls.update();
    if (hadFocus) this.keepFocus();
    this.announce();
  }

  /** What had the focus may have gone with what it was for; the keys must go on to work. */
  private keepFocus(): void {
    const focused = (this.section.getRootNode() as Document | ShadowRoot).activeElement;
    if (!hasFocus(this.section) || focused?.closest('[hidden]')) this.focus();
  }

  private announce(): void {
    const { model } = this;
    const move = model.move(model.at);
    const words = move
      ? t('{move}. Move {n} of {count}', {
          move: moveName(move),
          n: model.at,
          count: model.count
        })
      : '';
    if (words && words !== this.said && model.shown?.n === model.at) {
      this.said = words;
      this.space.say(words);
    }
  }

  private go(until: Until): void {
    this.closeForm(false);
    void this.model.go(until);
  }

  private over(runId: string, n: number): void {
    this.closeForm(false);
    void this.model.over(runId, n);
    this.focus(); // the button that was pressed goes away
  }

  private editingAt = 0;

  /** Open the form for what is in hand at the move that is shown. */
  private edit(): void {
    const { model } = this;
    const { shown } = model;
    if (!shown || model.isMoving || this.isEditing || this.sheet.childElementCount) return;
    const isPast = !model.isOpen;
    const form = editForm(shown, isPast, {
      save: async value => {
        if (isPast) {
          this.fork(value);
          return;
        }
        await model.edit(value);
        this.closeForm(true);
      },
      close: () => this.closeForm(true)
    });
    if (!form) return;
    this.isEditing = true;
    this.editingAt = model.at;
    this.tabs.setForm(form);
    form.querySelector('textarea')?.focus({ preventScroll: true });
  }

  private closeForm(givesFocus: boolean): void {
    if (!this.isEditing) return;
    this.isEditing = false;
    this.tabs.setForm(null);
    if (givesFocus) this.focus();
  }

  /** Ask how to fork from the move that is shown; then the view goes over to the new run. */
  private fork(value: string | null): void {
    const { model } = this;
    if (!model.shown || model.isMoving || this.sheet.childElementCount) return;
    const n = model.at;
    const canFresh = model.moves?.can_fork_fresh ?? false;
    const dialog = forkDialog(n, value !== null, canFresh, model.forkFacts(n), {
      fork: async fresh => {
        await model.fork(n, value, fresh);
        this.closeForm(false);
        this.closeSheet();
      },
      close: () => this.closeSheet()
    });
    this.sheet.replaceChildren(dialog);
    this.hold(true);
    dialog.querySelector('input')?.focus({ preventScroll: true });
  }

  private closeSheet(): void {
    this.sheet.replaceChildren();
    this.hold(false);
    const area = this.isEditing ? this.section.querySelector('textarea') : null;
    (area ?? this.section).focus({ preventScroll: true });
  }

  /** While a dialog is open the rest is not to be reached. */
  private hold(isHeld: boolean): void {
    for (const part of this.section.children) {
      if (part !== this.sheet) put(part, { inert: isHeld });
    }
  }

  /** Close what is open: the dialog, a form, the keys; then leave. */
  private escape(): void {
    if (this.sheet.childElementCount) this.closeSheet();
    else if (this.isEditing) this.closeForm(true);
    else if (!this.help.hidden) this.help.hidden = true;
    else this.space.leave();
  }
}
