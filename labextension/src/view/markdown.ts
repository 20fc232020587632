// A small Markdown reader: text to a tree with no markup in it. Mirrors nbagent/trace/markdown.py.

export type Inline =
  | ['text' | 'code' | 'math', string]
  | ['strong' | 'em' | 'strike', Inline[]]
  | ['link', Inline[], string]
  | ['break'];

export type Node =
  | { kind: 'heading'; level: number; inline: Inline[] }
  | { kind: 'paragraph'; inline: Inline[] }
  | { kind: 'code'; lang: string; text: string }
  | { kind: 'list'; ordered: boolean; start: number; items: Node[][] }
  | { kind: 'table'; head: Inline[][]; align: string[]; rows: Inline[][][] }
  | { kind: 'quote'; blocks: Node[] }
  | { kind: 'rule' };

const MAX_DEPTH = 6;
const MAX_COLUMNS = 16;

const INLINE = new RegExp(
  [
    String.raw`\\(?<escape>[!-/:-@\[-\x60{-~])(?<!\\[(\[])`,
    String.raw`(?<ticks>\x60{1,8})(?!\x60)(?<code>.{1,1000}?)(?<!\x60)\k<ticks>(?!\x60)`,
    String.raw`(?<math>\$\$.{1,1000}?\$\$|\$(?![\s$])[^$\n]{1,300}?(?<!\s)\$(?!\d)` +
      String.raw`|\\\(.{1,500}?\\\)|\\\[.{1,1000}?\\\])`,
    String.raw`!?\[(?<label>[^\[\]]{0,300})\]\(\s{0,3}<?(?<url>[^\s()<>]{0,1000}` +
      String.raw`(?:\([^\s()<>]{0,200}\)[^\s()<>]{0,200})?)>?(?:\s{1,3}"[^"]{0,200}")?\s{0,3}\)`,
    String.raw`<(?<auto>https?://[^\s<>]{1,1000})>`,
    String.raw`(?<bold>\*\*|__)(?=\S)(?<strong>.{1,2000}?)(?<=\S)\k<bold>`,
    String.raw`~~(?=\S)(?<strike>.{1,2000}?)(?<=\S)~~`,
    String.raw`\*(?=[^\s*])(?<em>.{1,2000}?)(?<=[^\s*])\*(?!\*)`,
    String.raw`(?<![\p{L}\p{N}])_(?=[^\s_])(?<under>.{1,2000}?)(?<=[^\s_])_(?![\p{L}\p{N}])`,
    String.raw`(?<br>(?: {2,9}|\\)\n\s{0,9})`
  ].join('|'),
  'gsu'
);
const FENCE = /^ {0,3}(`{3,}|~{3,})[ \t]*([\w+#.-]{0,30})[^`]*$/;
const HEADING = /^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$/;
const RULE = /^ {0,3}(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})$/;
const ITEM = /^( {0,3})([-*+]|\d{1,9}[.)])(?:([ \t]{1,4})(?=\S)|[ \t]*$)/;
const QUOTE = /^ {0,3}> ?/;
const ALIGN = /^[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*){0,63}\|?[ \t]*$/;
const EMPHASIS = [
  ['strong', 'strong'],
  ['strike', 'strike'],
  ['em', 'em'],
  ['em', 'under']
] as const;

/** Read Markdown into a list of blocks. */
export function parse(source: string, depth = 0): Node[] {
  return new Reader(source.split('\n').map(expanded), depth).blocks();
}

/** A line with its tabs written as blanks up to the next fourth column. */
function expanded(line: string): string {
  if (!line.includes('\t')) {
    return line;
  }
  return line.split('\t').reduce((text, part) => text.padEnd((text.length >> 2) * 4 + 4) + part);
}

/** Read one paragraph's text into inline pieces. */
export function inline(source: string, depth = 0): Inline[] {
  const pieces: Inline[] = [];
  let at = 0;
  for (const found of source.matchAll(INLINE)) {
    addText(pieces, source.slice(at, found.index));
    addPiece(pieces, found, depth);
    at = found.index + found[0].length;
  }
  addText(pieces, source.slice(at));
  return pieces;
}

function addText(pieces: Inline[], value: string): void {
  const last = pieces[pieces.length - 1];
  if (last?.[0] === 'text') {
    last[1] += value;
  } else if (value) {
    pieces.push(['text', value]);
  }
}

function addPiece(pieces: Inline[], found: RegExpMatchArray, depth: number): void {
  const group = (found.groups ?? {}) as Record<string, string | undefined>;
  const { escape, code, math, label, url, auto, br } = group;
  if (escape !== undefined) {
    addText(pieces, escape);
  } else if (code !== undefined) {
    const line = code.replace(/\n/g, ' ');
    const isPadded = line.startsWith(' ') && line.endsWith(' ') && line.trim() !== '';
    pieces.push(['code', isPadded ? line.slice(1, -1) : line]);
  } else if (math !== undefined) {
    pieces.push(['math', math]);
  } else if (url !== undefined) {
    pieces.push(['link', inline(label ?? '', MAX_DEPTH), url]);
  } else if (auto !== undefined) {
    pieces.push(['link', [], auto]);
  } else if (br !== undefined) {
    pieces.push(['break']);
  } else if (depth >= MAX_DEPTH) {
    addText(pieces, found[0]);
  } else {
    for (const [kind, name] of EMPHASIS) {
      const text = group[name];
      if (text !== undefined) {
        pieces.push([kind, inline(text, depth + 1)]);
      }
    }
  }
}

/** Reads lines into blocks; one for the whole text, one more inside each quote and item. */
class Reader {
  private i = 0;

  constructor(
    private readonly lines: readonly string[],
    private readonly depth: number
  ) {}

  private get line(): string {
    return this.lines[this.i] ?? '';
  }

  private get more(): boolean {
    return this.i < this.lines.length;
  }

  blocks(): Node[] {
    const nodes: Node[] = [];
    while (this.more) {
      if (this.line.trim()) {
        nodes.push(this.block());
      } else {
        this.i++;
      }
    }
    return nodes;
  }

  private block(): Node {
    const line = this.line;
    const nests = this.depth < MAX_DEPTH;
    const fence = FENCE.exec(line);
    if (fence) {
      return this.code(fence);
    }
    const heading = HEADING.exec(line);
    if (heading ?? RULE.test(line)) {
      this.i++;
      return heading
        ? { kind: 'heading', level: heading[1]?.length ?? 1, inline: inline(heading[2] ?? '') }
        : { kind: 'rule' };
    }
    if (nests && QUOTE.test(line)) {
      return this.quote();
    }
    const item = nests ? ITEM.exec(line) : null;
    if (item) {
      return this.list(item);
    }
    const following = this.lines[this.i + 1] ?? '';
    const isTable = line.includes('|') && following.includes('-') && ALIGN.test(following);
    return isTable ? this.table() : this.paragraph();
  }

  private code(fence: RegExpExecArray): Node {
    const marks = fence[1] ?? '```';
    const end = new RegExp(`^ {0,3}${marks[0]}{${marks.length},}[ \\t]*$`);
    const body: string[] = [];
    for (this.i++; this.more && !end.test(this.line); this.i++) {
      body.push(this.line);
    }
    this.i++;
    return { kind: 'code', lang: fence[2] ?? '', text: body.join('\n') };
  }

  private quote(): Node {
    const body: string[] = [];
    for (; this.more && QUOTE.test(this.line); this.i++) {
      body.push(this.line.replace(QUOTE, ''));
    }
    return { kind: 'quote', blocks: parse(body.join('\n'), this.depth + 1) };
  }

  private list(first: RegExpExecArray): Node {
    const ordered = isNumber(first);
    const items: Node[][] = [];
    while (this.more) {
      const item = ITEM.exec(this.line);
      if (!item || isNumber(item) !== ordered || RULE.test(this.line)) {
        break;
      }
      items.push(this.item(item));
    }
    const start = ordered ? parseInt(first[2] ?? '1', 10) : 1;
    return { kind: 'list', ordered, start, items };
  }

  private item(marker: RegExpExecArray): Node[] {
    const [whole, before = '', sign = '', gap] = marker;
    const indent = gap ? whole.length : before.length + sign.length + 1;
    const inner = Math.min(indent, 2);
    const body = [this.line.slice(whole.length)];
    for (this.i++; this.more; this.i++) {
      const line = this.line;
      const lead = line.length - line.trimStart().length;
      if (!line.trim()) {
        const following = this.lines[this.i + 1] ?? '';
        if (!following.startsWith(' '.repeat(inner)) || !following.trim()) {
          break;
        }
        body.push('');
      } else if (lead >= inner) {
        body.push(line.slice(Math.min(indent, lead)));
      } else if (ITEM.test(line) || startsBlock(line) || !body[body.length - 1]) {
        break;
      } else {
        body.push(line);
      }
    }
    while (this.more && !this.line.trim()) {
      this.i++;
    }
    return parse(body.join('\n'), this.depth + 1);
  }

  private table(): Node {
    const head = cells(this.line);
    const aligns = cells(this.lines[this.i + 1] ?? '').map(alignOf);
    const rows: Inline[][][] = [];
    for (this.i += 2; this.more && this.line.includes('|'); this.i++) {
      const row = cells(this.line);
      rows.push(head.map((_, i) => inline(row[i] ?? '')));
    }
    const align = head.map((_, i) => aligns[i] ?? '');
    return { kind: 'table', head: head.map(cell => inline(cell)), align, rows };
  }

  private paragraph(): Node {
    const body = [bare(this.line)];
    let trailing = this.line.endsWith('  ');
    for (this.i++; this.more; this.i++) {
      const line = this.line;
      const item = ITEM.exec(line);
      if (!line.trim() || startsBlock(line) || (item && (this.depth || !isNumber(item)))) {
        break;
      }
      if (trailing) {
        body.push(`${body.pop() ?? ''}  `);
      }
      trailing = line.endsWith('  ');
      body.push(bare(line));
    }
    return { kind: 'paragraph', inline: inline(body.join('\n')) };
  }
}

function bare(line: string): string {
  return line.replace(/^ +| +$/g, '');
}

function isNumber(item: RegExpExecArray): boolean {
  return /\d/.test(item[2] ?? '');
}

function startsBlock(line: string): boolean {
  return [FENCE, HEADING, RULE, QUOTE].some(rule => rule.test(line));
}

/** Split a table's line at its bars; an escaped bar, or one in code, is part of a cell. */
function cells(line: string): string[] {
  const text = line.trim().replace(/^\|/, '');
  const parts = text.match(/(?:\\.|`[^`]*`|[^|])+|(?<=\|)(?=\|)/g) ?? [];
  const found = parts.slice(0, MAX_COLUMNS).map(part => part.trim().replaceAll('\\|', '|'));
  return found.length ? found : [''];
}

function alignOf(cell: string): string {
  const [left, right] = [cell.startsWith(':'), cell.endsWith(':')];
  return left && right ? 'center' : right ? 'right' : left ? 'left' : '';
}
