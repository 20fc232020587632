// A tool call: its code, what it showed, what the model got of it, and how it ended.

import { Approval } from './approval';
import { cellButton, putCalls, showAll } from './as_cell';
import { blockNode, textNode, traceback } from './blocks';
import { codeNode, diffNode, failingLine } from './code';
import type { Desk, RequestForm } from './desk';
import { button, disclose, h, icon, put, ring, segments, setText } from './dom';
import { seconds, size } from './phrases';
import type { Call } from './call';
import type { Step } from './steps';
import type { Block } from './types';
import { counted, t, told } from '../words';

export class CallCard {
  readonly node = h('div', { class: 'card', role: 'group' });
  private readonly time = h('span', { class: 'm s nw' });
  private readonly codeBox = h('div', { class: 'cb' });
  private readonly outHead = h('div', { class: 'oh', hidden: true });
  private readonly you = h('div', { class: 'out' });
  private readonly model = h('div', { class: 'out', hidden: true });
  private readonly approval: Approval;
  private readonly foot = h('div', { class: 'foot m s' });
  private shown: { block: Block; node: HTMLElement }[] = [];
  private isBuilt = '';
  private showsModel = false;

  constructor(
    private readonly call: Call,
    private readonly step: Step,
    private readonly desk: Desk
  ) {
    this.approval = new Approval(call, desk);
  }

  update(): void {
    const { call } = this;
    const key = [
      call.done,
      call.isError,
      call.stopped,
      call.decision,
      call.why,
      call.question?.key,
      call.withheld,
      call.repaired,
      call.code.length,
      call.diff.length
    ].join();
    if (key !== this.isBuilt) {
      this.isBuilt = key;
      const held = this.node.matches(':focus-within');
      this.build();
      if (held) {
        // Not to the next question: a key pressed twice would answer it.
        this.node.closest('.item')?.querySelector('button')?.focus({ preventScroll: true });
      }
    }
    this.approval.update();
    this.tick();
    this.drawOutputs();
  }

  /** Count on while the tool runs. */
  tick(): void {
    const { call } = this;
    if (call.tStart !== null && (call.tEnd !== null || this.desk.live)) {
      setText(this.time, seconds((call.tEnd ?? this.desk.now()) - call.tStart));
    }
  }

  /** Switch between what the person and what the model saw. */
  toggleSaw(): void {
    if (this.call.done && (this.call.sawBytes || this.call.sawImages)) {
      this.showSaw(!this.showsModel);
    }
  }

  private build(): void {
    const { call } = this;
    const denied = call.decision === 'deny';
    const failed = call.isError && !denied;
    const waits = call.question !== null;
    const isAsked = waits && call.question?.about !== 'result';
    put(this.node, {
      class: `card${failed ? ' err' : denied || waits ? ' warn' : ''}`,
      'aria-label': call.name + this.stateWords(failed, denied)
    });
    this.codeBox.replaceChildren(...(isAsked ? [] : this.code()));
    this.foot.replaceChildren(...this.notes().map(note => h('div', {}, note)));
    this.foot.hidden = !this.foot.childElementCount;
    const [head, actions] = this.head(failed, denied, waits);
    this.node.replaceChildren(
      ...(isAsked ? [] : [head, actions]),
      this.codeBox,
      this.outHead,
      this.you,
      this.model,
      this.approval.node,
      this.foot
    );
    this.drawOutHead();
  }

  private stateWords(failed: boolean, denied: boolean): string {
    const { call } = this;
    if (failed) return t(', failed');
    if (denied) return t(', denied');
    if (call.stopped) return t(', stopped');
    return call.done ? '' : t(', running');
  }

  private head(failed: boolean, denied: boolean, waits: boolean): [HTMLElement, HTMLElement] {
    const { call } = this;
    const actions = this.actions();
    const sign = failed
      ? icon('cross', 'c-error')
      : denied || waits
        ? icon('diamond', 'c-warn')
        : call.stopped
          ? icon('stop', 'm')
          : call.done || !this.desk.live
            ? icon('code', 'c-tool')
            : ring();
    const menu = button(
      {
        class: 'b ghost',
        'aria-label': t('More for {name}', { name: call.name }),
        title: t('More: copy code, copy request')
      },
      () => disclose(menu, actions, actions.hidden),
      icon('dots')
    );
    menu.setAttribute('aria-expanded', 'false');
    const node = h('div', { class: 'ch' }, sign, h('span', { class: 'fn' }, call.name));
    if (call.repairs !== null) {
      const number = call.repairs;
      const link = button(
        { class: 'chip', title: t('Go to step {n}', { n: number }) },
        () => this.desk.goTo(number),
        icon('retry'),
        t('repairs step {n}', { n: number })
      );
      node.append(link);
    }
    node.append(
      h('span', { class: 's el grow', dir: 'auto' }, ...this.title(failed, denied, waits))
    );
    if (call.changes) {
      node.append(
        h('span', { class: 'chip names', title: call.changes }, h('code', {}, call.changes))
      );
    }
    const worked = call.done && !failed && !denied && !call.stopped;
    const mark = worked && icon('check', 'c-ok');
    node.append(h('span', { class: 'row nw' }, mark, this.time), menu);
    return [node, actions];
  }

  private title(failed: boolean, denied: boolean, waits: boolean): (Node | string)[] {
    const { call } = this;
    const error = call.outputs.find(block => block.kind === 'error');
    if (failed) {
      const name = error?.name ?? call.outcome;
      const message = error?.message.split('\n')[0] ?? '';
      return [h('b', { class: 'c-error' }, name), ` ${message}`];
    }
    if (denied) {
      return [
        h(
          'b',
          {},
          /^(you)?$/.test(call.by) ? t('Denied by you') : t('Denied by {who}', { who: call.by })
        ),
        call.why ? t(': “{why}”. ', { why: told(call.why) }) : ' ',
        h('span', { class: 'm' }, t('It did not run.'))
      ];
    }
    if (waits) {
      return [h('b', {}, t('Waiting for you'))];
    }
    if (call.stopped) {
      return [
        h('b', {}, call.outcome === 'did not run' ? t('Stopped before it ran') : t('Stopped'))
      ];
    }
    return [h('span', { class: 'm' }, call.title)];
  }

  private actions(): HTMLElement {
    const { desk, call, step } = this;
    const box = h('div', { class: 'acts', hidden: true });
    if (call.code) {
      box.append(button({ class: 'b' }, () => void this.copyCode(), t('Copy code')));
    }
    box.append(...this.cells());
    const forms: [RequestForm, string, string][] = [
      ['json', t('Copy request as JSON'), t('Copy request as JSON')],
      ['curl', t('as curl'), t('Copy request as curl')],
      ['python', t('as Python'), t('Copy request as Python')]
    ];
    for (const [form, label, name] of forms) {
      const away = desk.alive ? {} : { disabled: true, title: t('Needs the kernel that ran it') };
      box.append(
        button(
          { class: 'b', 'aria-label': name, ...away },
          () => desk.copyRequest(step.number, form),
          label
        )
      );
    }
    return box;
  }

  /** What can be put into cells of the notebook. */
  private cells(): HTMLElement[] {
    const { desk, call, step } = this;
    const isCut = call.outputs.some(block => block.kind === 'table' && block.note);
    const all = isCut ? showAll(call.code) : null;
    const showsAll = (source: string) => (copied: () => void) => {
      if (desk.newCells) desk.newCells([{ source }]);
      else desk.copy(source, t('Code'), copied);
      return undefined;
    };
    const request = (copied: () => void): undefined => {
      desk.copyRequest(step.number, 'cell', copied);
    };
    const own = (copied: () => void): Promise<string> => putCalls(desk, [[step, call]], copied);
    return [
      ...(call.isPython ? [cellButton(desk, t('As a cell'), own)] : []),
      ...(all ? [cellButton(desk, t('Show all of the table'), showsAll(all))] : []),
      ...(desk.alive ? [cellButton(desk, t('Copy request as cell'), request)] : [])
    ];
  }

  private async copyCode(): Promise<void> {
    const { desk, call, step } = this;
    try {
      desk.copy(await desk.archive.code(step, call), t('Code'));
    } catch {
      desk.copy(call.code, t('An excerpt of the code')); // nobody answers who has more
    }
  }

  private code(): HTMLElement[] {
    const { call } = this;
    if (!call.code) {
      return [];
    }
    const error = call.outputs.find(block => block.kind === 'error');
    const bad = error && !call.stopped ? failingLine(call.code, error.traceback) : 0;
    if (!call.diff) {
      return [codeNode(call.code, call.isPython, bad)];
    }
    const box = h('div', {}, diffNode(call.diff));
    const choice = segments(t('Code of this call'), [t('Changes'), t('Code')], i => {
      box.replaceChildren(i === 0 ? diffNode(call.diff) : codeNode(call.code, call.isPython, bad));
    });
    return [
      h(
        'div',
        { class: 'ch sub' },
        h(
          'span',
          { class: 'm s grow' },
          t('What changed since step {n}', { n: call.repairs ?? '' })
        ),
        choice
      ),
      box
    ];
  }

  private notes(): string[] {
    const { call } = this;
    const notes = call.edited ? [t('You changed this call before it ran.')] : [];
    if (call.repaired) {
      notes.push(t('A later step repaired this call.'));
    }
    if (call.withheld) {
      notes.push(t('You kept this result from the model.'));
    }
    if (call.nOutputsLeftOut) {
      notes.push(
        t('{outputs} left out', { outputs: counted(call.nOutputsLeftOut, 'more output') })
      );
    }
    return notes;
  }

  private drawOutputs(): void {
    const { call, desk } = this;
    const blocks = call.outputs;
    const isSame = (i: number): boolean => this.shown[i]?.block === blocks[i];
    if (blocks.length === this.shown.length && blocks.every((_, i) => isSame(i))) {
      return;
    }
    blocks.forEach((block, i) => {
      const old = this.shown[i];
      if (!old || !isSame(i)) {
        const node = this.grown(old, block) ?? this.nodeOf(block, desk);
        if (old && old.node !== node) {
          old.node.replaceWith(node);
        } else if (!old) {
          this.you.append(node);
        }
        this.shown[i] = { block, node };
      }
    });
    this.shown.splice(blocks.length).forEach(({ node }) => node.remove());
    this.drawOutHead();
  }

  /** The node of a stream that has become longer: the new text is appended to it. */
  private grown(
    old: { block: Block; node: HTMLElement } | undefined,
    block: Block
  ): HTMLElement | null {
    if (!old || this.call.done || block.kind !== 'text' || old.block.kind !== 'text') {
      return null;
    }
    const atEnd = old.node.scrollTop + old.node.clientHeight >= old.node.scrollHeight - 8;
    setText(old.node, block.text);
    if (atEnd) {
      old.node.scrollTop = old.node.scrollHeight;
    }
    return old.node;
  }

  private nodeOf(block: Block, desk: Desk): HTMLElement {
    if (!this.call.done && block.kind === 'text') {
      return h(
        'pre',
        { class: 'text stream', tabindex: 0, dir: 'auto', 'aria-busy': 'true' },
        block.text
      );
    }
    const { isError, stopped } = this.call;
    if (block.kind === 'error' && (isError || stopped)) {
      const bare = stopped ? [] : [textNode(block.message, 'stderr')];
      return h('div', { class: 'flush' }, ...(block.traceback ? traceback(block) : bare));
    }
    return blockNode(block, desk.scene.view.pictures);
  }

  private drawOutHead(): void {
    const { call } = this;
    const has =
      call.outputs.some(block => block.kind !== 'error') || (call.done && call.sawBytes > 0);
    this.outHead.hidden = !has;
    this.you.hidden = this.showsModel || !call.outputs.length;
    if (!has) {
      return;
    }
    const label = h(
      'span',
      { class: 'm s grow' },
      call.done || !this.desk.live ? t('Output') : t('Output, live')
    );
    const amount = [
      call.sawBytes ? size(call.sawBytes) : '',
      call.sawImages ? counted(call.sawImages, 'picture') : ''
    ];
    const saw = amount.filter(Boolean).join(t(' and '));
    if (!call.done || !saw) {
      this.outHead.replaceChildren(label);
      return;
    }
    const choice = segments(
      t('Whose view'),
      [t('You saw'), t('Model saw {size}', { size: saw })],
      i => this.showSaw(i === 1),
      this.showsModel ? 1 : 0
    );
    this.outHead.replaceChildren(label, choice);
  }

  private showSaw(isModel: boolean): void {
    const { call } = this;
    this.showsModel = isModel;
    this.you.hidden = isModel || !call.outputs.length;
    this.model.hidden = !isModel;
    if (isModel && !this.model.childElementCount) {
      const text = call.saw || t('The text was left out to keep this notebook small.');
      const cut = call.cutBytes
        ? t('{size} of output left out for the model.', { size: size(call.cutBytes) })
        : '';
      this.model.append(textNode(text), h('div', { class: 'm s' }, cut));
    }
    const choices = [...this.outHead.querySelectorAll('.seg button')];
    choices.forEach((choice, i) => put(choice, { 'aria-pressed': String(isModel === (i === 1)) }));
  }
}
