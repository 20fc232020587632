// The tool: what runs, who let it, what the model will see beside what you see, and the names that
// it changed.

import { blockNode, textNode } from '../view/blocks';
import { button, h, icon } from '../view/dom';
import { blockOf } from '../view/outputs';
import { clean, clip, seconds, size } from '../view/phrases';
import type { Block, Picture } from '../view/types';
import { callCode, editedMark, notYet } from './fold_code';
import { sign } from './icons';
import type { StepModel } from './model';
import type { Pane } from './tabs';
import type { MoveFacts, Place, ToolFacts } from './types';
import { nPictures, textOf } from './words';
import { counted, listed, t, told } from '../words';

const SAW_LIMIT = 60_000;
const WAS_LIMIT = 4_000;

export class ToolPane implements Pane {
  readonly node = h('div', { class: 'fill' });
  private drawn: MoveFacts | null = null;

  constructor(
    private readonly model: StepModel,
    private readonly edit: () => void
  ) {}

  update(facts: MoveFacts): void {
    if (facts === this.drawn) return;
    this.drawn = facts;
    const { tool } = facts;
    const old = notYet('tool call', facts.step, tool?.step);
    this.node.replaceChildren(...(old ? [old] : []), ...(tool ? this.parts(tool, facts) : []));
  }

  private parts(tool: ToolFacts, facts: MoveFacts): HTMLElement[] {
    const isDone = tool.state === 'done';
    const mine = facts.place === 'result' && tool.step === facts.step && !this.model.isMoving;
    const isResultEdited = isDone && this.wasEdited('result', tool, facts);
    const isCallEdited = this.wasEdited('call', tool, facts);
    const was = isResultEdited ? null : tool.was;
    const before = isCallEdited && was ? [wasNode(was)] : [];
    return [
      head(tool, isCallEdited),
      ...before,
      h('div', { class: 'runs' }, callCode(tool.arguments, tool.code)),
      isDone
        ? this.halves(tool, mine, isResultEdited)
        : h('p', { class: 'sub' }, t('It has not run.')),
      ...changesNode(tool)
    ];
  }

  /** Whether the person has changed the call, or its result: the moves tell them apart. */
  private wasEdited(place: Place, { step, index }: ToolFacts, facts: MoveFacts): boolean {
    if (facts.place === place && facts.step === step && facts.index === index) return facts.edited;
    const moves = this.model.moves?.moves ?? [];
    return moves.some(
      move => move.place === place && move.step === step && move.index === index && move.edited
    );
  }

  private halves(tool: ToolFacts, isMine: boolean, isEdited: boolean): HTMLElement {
    const edit = isMine && button({ class: 'b ghost' }, () => this.edit(), sign('pen'), t('Edit'));
    const n = nPictures(tool.content);
    const [blocks, pictures] = blocksOf(tool);
    const text = clean(clip(textOf(tool.content), SAW_LIMIT));
    return h(
      'div',
      { class: 'half' },
      half(
        t('Model will see'),
        size(tool.n_bytes),
        [isEdited && editedMark(), edit],
        [
          isEdited && wasNode(tool.was),
          textNode(text || t('(no text)')),
          n > 0 && h('div', { class: 'm s' }, counted(n, 'image'))
        ]
      ),
      half(
        t('You see'),
        seenWords(blocks),
        [],
        blocks.length
          ? blocks.map(block => blockNode(block, pictures))
          : [h('div', { class: 'm s' }, t('Nothing was shown.'))]
      )
    );
  }
}

function wasNode(was: string): HTMLElement {
  const said = h('span', { class: 'vh' }, t('before: '));
  return h('pre', { class: 'text m was' }, said, h('s', {}, clean(clip(was, WAS_LIMIT))));
}

function head(tool: ToolFacts, isEdited: boolean): HTMLElement {
  const denied = tool.gate.startsWith('denied');
  const mark = denied ? icon('diamond', 'c-warn') : icon('check', 'c-ok');
  const which = tool.of > 1 ? t(', call {i} of {n}', { i: tool.index + 1, n: tool.of }) : '';
  return h(
    'div',
    { class: 'bar' },
    icon('code', 'c-tool'),
    h('b', { class: 'mono s' }, clean(tool.name)),
    h('span', { class: 'm s el grow' }, clean(tool.call_id) + which),
    isEdited && editedMark(),
    tool.is_error &&
      h(
        'span',
        { class: 'c-error s nw' },
        icon('cross'),
        ' ',
        clean(told(tool.outcome)) || t('failed')
      ),
    tool.wall_s !== null && h('span', { class: 'm s nw' }, seconds(tool.wall_s)),
    tool.gate && h('span', { class: 'm s nw' }, mark, ' ', clean(told(tool.gate)))
  );
}

function half(
  name: string,
  amount: string,
  tools: (Node | false)[],
  body: (Node | string | false)[]
): HTMLElement {
  const title = h(
    'div',
    { class: 'h' },
    h('b', {}, name),
    h('span', { class: 'm' }, amount),
    h('span', { class: 'grow' }),
    ...tools
  );
  return h('div', { role: 'group', 'aria-label': name }, title, ...body);
}

function blocksOf(tool: ToolFacts): [Block[], Map<string, Picture>] {
  const pictures = new Map<string, Picture>();
  const blocks = tool.outputs.map(output => {
    const [block, picture] = blockOf(output);
    if (picture) pictures.set(picture.key, picture);
    return block;
  });
  return [blocks, pictures];
}

function seenWords(blocks: readonly Block[]): string {
  const n = (kind: Block['kind']): number => blocks.filter(block => block.kind === kind).length;
  const [tables, figures] = [n('table'), n('image')];
  return listed(
    n('text') + n('source') > 0 && t('text'),
    tables && counted(tables, 'table'),
    figures && counted(figures, 'figure'),
    n('error') > 0 && t('an error')
  );
}

function changesNode({ changes }: ToolFacts): HTMLElement[] {
  const row = (
    mark: string,
    color: string,
    said: string,
    name: string,
    what = ''
  ): HTMLElement[] => [
    h('span', { class: `${color} mono` }, mark, h('span', { class: 'vh' }, said)),
    h('code', { class: 'el' }, clean(name)),
    h('span', { class: 'm', dir: 'auto' }, clean(what))
  ];
  const cells = [
    ...changes.added.flatMap(name => row('+', 'c-ok', t('added'), name)),
    ...changes.changed.flatMap(name => row('~', 'c-warn', t('changed'), name)),
    ...changes.removed.flatMap(name => row('−', 'c-error', t('removed'), name)),
    ...changes.files.flatMap(name => row('*', '', t('file'), name, t('file written')))
  ];
  return cells.length ? [h('div', { class: 'nsd' }, ...cells)] : [];
}
