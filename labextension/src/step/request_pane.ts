// The request: readable, or exactly the bytes that go on the wire; with what is the same as in the
// request before, and what is new.

import { requestText } from '../view/copy';
import type { RequestForm } from '../view/desk';
import { button, disclose, h, segments } from '../view/dom';
import { count, dollars, fixed, size } from '../view/phrases';
import { charsOf, type JsonItem, scan } from './body';
import { editedMark, notYet } from './fold_code';
import { sign } from './icons';
import { JsonRows, rowNode } from './json_rows';
import type { Pane } from './tabs';
import type { MoveFacts, RequestFacts } from './types';
import { t } from '../words';

/** So much of a body is put into the page at once; the rest is asked for. */
const SHOWN_CHARS = 200_000;
const PACKED = 62;
const FORMS: readonly (readonly [RequestForm, string])[] = [
  ['json', 'JSON'],
  ['curl', 'curl'],
  ['python', 'Python']
];

export interface Copying {
  copy(text: string, what: string): void;
  readonly newCell: ((source: string) => void) | null;
}

export class RequestPane implements Pane {
  readonly node = h('div', { class: 'fill' });
  private drawn: RequestFacts | null = null;
  private step = 0;
  private isExact = false;

  constructor(private readonly copying: Copying) {}

  update(facts: MoveFacts): void {
    if (facts.request === this.drawn && facts.step === this.step && this.drawn) return;
    this.drawn = facts.request;
    this.step = facts.step;
    this.draw();
  }

  private draw(): void {
    const request = this.drawn;
    const old = notYet('request', this.step, request?.step);
    if (!request) {
      this.node.replaceChildren(...(old ? [old] : []));
      return;
    }
    const parts = [
      old,
      ...this.bar(request),
      factsLine(request),
      this.isExact ? exact(request) : readable(request),
      foot(request)
    ];
    this.node.replaceChildren(...parts.filter(part => part !== null));
  }

  private bar(request: RequestFacts): HTMLElement[] {
    const ways = h('div', {
      class: 'acts',
      hidden: true,
      role: 'group',
      'aria-label': t('Copy request as')
    });
    ways.append(...this.ways(request));
    const menu: HTMLButtonElement = button(
      { class: 'b', 'aria-expanded': 'false' },
      () => disclose(menu, ways, ways.hidden),
      sign('copy'),
      `${t('Copy as')} ▾`
    );
    const choice = segments(
      t('How the request is shown'),
      [t('Readable'), t('Exact bytes')],
      i => {
        this.isExact = i === 1;
        this.draw();
        this.node.querySelectorAll<HTMLElement>('.bar .seg button')[i]?.focus();
      },
      this.isExact ? 1 : 0
    );
    const path = h('code', { class: 'm el grow', title: request.url }, pathOf(request.url));
    const chip = h('span', { class: 'chip' }, 'POST');
    return [
      h('div', { class: 'bar' }, chip, path, request.edited && editedMark(), choice, menu),
      ways
    ];
  }

  private ways({ url, body, step }: RequestFacts): HTMLElement[] {
    const text = (form: RequestForm): string =>
      requestText({ url, body: JSON.parse(body) as unknown }, form);
    const { newCell } = this.copying;
    const buttons = FORMS.map(([form, name]) =>
      button(
        { 'aria-label': t('Copy as {name}', { name }) },
        () =>
          this.copying.copy(
            form === 'json' ? body : text(form),
            t('Request {n} as {name}', { n: step, name })
          ),
        name
      )
    );
    if (newCell) {
      buttons.push(button({}, () => newCell(text('python')), t('New cell')));
    }
    return buttons;
  }
}

function factsLine(request: RequestFacts): HTMLElement {
  const cached = request.n_bytes
    ? (request.est_tokens * request.cached_bytes) / request.n_bytes
    : 0;
  const fact = (value: string, words = ''): HTMLElement => h('span', {}, h('b', {}, value), words);
  return h(
    'div',
    { class: 'fact' },
    fact(size(request.n_bytes)),
    fact(count(request.est_tokens), ` ${t('tokens est.')}`),
    fact(count(Number(fixed(cached, 0))), ` ${t('cached est.')}`),
    request.est_usd !== null &&
      h('span', {}, `${t('in')} ≤ `, h('b', {}, dollars(request.est_usd))),
    h('span', {}, request.is_sent ? t('sent') : t('not sent yet'))
  );
}

/** The text itself, in two parts: joined they are the body, byte for byte. */
function exact({ body, cached_bytes }: RequestFacts): HTMLElement {
  const cut = charsOf(body, cached_bytes);
  const same = h('span', { class: 'same' });
  const rest = h('span', { class: 'rest' });
  const pre = h('pre', { class: 'wire', tabindex: 0, 'aria-label': t('Exact bytes') }, same, rest);
  const show = (end: number): void => {
    same.textContent = body.slice(0, Math.min(cut, end));
    rest.textContent = body.slice(cut, Math.max(cut, end));
  };
  show(SHOWN_CHARS);
  const box = h('div', { class: 'jsn' }, pre);
  if (body.length > SHOWN_CHARS) {
    const more = button(
      { class: 'more' },
      () => {
        show(body.length);
        more.remove();
        pre.focus();
      },
      t('The first {n} characters; show all {all}', {
        n: count(SHOWN_CHARS),
        all: count(body.length)
      })
    );
    box.append(more);
  }
  return box;
}

function readable({ body, cached_bytes }: RequestFacts): HTMLElement {
  const root = scan(body);
  if (root?.kind !== 'object') return h('pre', { class: 'text wire' }, body);
  const cut = charsOf(body, cached_bytes);
  const rows = new JsonRows(body);
  const same: HTMLElement[] = [rowNode({ bits: ['{'], opened: [] })];
  const rest: HTMLElement[] = [];
  const put = (nodes: HTMLElement[], end: number): void => {
    (end <= cut && !rest.length ? same : rest).push(...nodes);
  };
  root.items.forEach((item, i) => {
    const end = i < root.items.length - 1 ? ',' : '';
    if (item.key === '"messages"') messages(item, end, rows, cut, put);
    else put([line(item, end, rows)], item.node.end);
  });
  rest.push(rowNode({ bits: ['}'], opened: [] }));
  const prefix = cut > 0 && h('div', { class: 'pre' }, ...packed(same));
  const after = cut > 0 ? rest : [...same, ...rest];
  return h(
    'div',
    { class: 'jsn', tabindex: 0, role: 'group', 'aria-label': t('Request') },
    prefix,
    ...packed(after)
  );
}

function line(item: JsonItem, end: string, rows: JsonRows): HTMLElement {
  const row = { bits: ['  '] as (Node | string)[], opened: [] as HTMLElement[] };
  rows.item(item, row);
  row.bits.push(end);
  return rowNode(row);
}

function messages(
  { node }: JsonItem,
  end: string,
  rows: JsonRows,
  cut: number,
  put: (nodes: HTMLElement[], end: number) => void
): void {
  const key = h('span', { class: 'd' }, '"messages"');
  put([rowNode({ bits: ['  ', key, ': ['], opened: [] })], node.start + 1);
  node.items.forEach((item, i) => {
    const isNew = item.node.end > cut;
    const made = rows.message(item.node, isNew, i < node.items.length - 1 ? ',' : '');
    if (isNew && cut > 0) {
      for (const row of made) row.classList.add('new');
    }
    put(made, item.node.end);
  });
  put([rowNode({ bits: [`  ]${end}`], opened: [] })], node.end);
}

/** Short rows of a few words are put together, as long as they fit. */
function packed(rows: HTMLElement[]): HTMLElement[] {
  const kept: HTMLElement[] = [];
  for (const row of rows) {
    const last = kept.at(-1);
    const fits =
      last &&
      isShort(last) &&
      isShort(row) &&
      `${last.textContent}${row.textContent}`.length <= PACKED;
    if (fits) last.querySelector('code')?.append(' ', ...trimmedNodes(row));
    else kept.push(row);
  }
  return kept;
}

function isShort(row: HTMLElement): boolean {
  return row.matches('.rl') && /^ {2}"/.test(row.textContent) && row.textContent.endsWith(',');
}

function trimmedNodes(row: HTMLElement): Node[] {
  return [...(row.querySelector('code')?.childNodes ?? [])].slice(1);
}

function foot(request: RequestFacts): HTMLElement {
  const tokens = request.n_bytes
    ? (request.est_tokens * request.cached_bytes) / request.n_bytes
    : 0;
  const same = t('Same bytes as request {n}: cacheable prefix, {tokens} tokens est.', {
    n: request.step - 1,
    tokens: count(Number(fixed(tokens, 0)))
  });
  const mark = (kind: string, sign = ''): HTMLElement =>
    h('span', { class: `sw ${kind}`, 'aria-hidden': 'true' }, sign);
  return request.cached_bytes > 0
    ? h(
        'div',
        { class: 'ft2 s m' },
        h('span', {}, mark('pre'), same),
        h('span', {}, mark('new', '+'), t('new'))
      )
    : h('div', { class: 'ft2 s m' }, t('Nothing was sent before it.'));
}

function pathOf(url: string): string {
  try {
    return new URL(url).pathname;
  } catch {
    return url;
  }
}
