// What a `%%kimi` cell is made of: comments above the magic, its name, options with their values,
// and the prompt with what it names. The same rules as in `nbagent.magics`, which has the last
// word: `tests/fixtures/prompts.json` is read by the tests of both.

export type Kind = 'comment' | 'magic' | 'option' | 'value' | 'reference';

/** A piece of a cell, by its offsets. */
export interface Piece {
  readonly from: number;
  readonly to: number;
  readonly kind: Kind;
}

/** Options that take no value. */
export const ALONE: ReadonlySet<string> = new Set([
  '-n',
  '--new',
  '--plan',
  '--step',
  '--bg',
  '-q',
  '--replay',
  '--system',
  '--dry-run'
]);

const MAGIC = /^\s*(%%kimi)(?=[ \t]|$)/;
const WORD = /(--?[\w-]+=)?("[^"]*"|'[^']*'|\S*)/y;
const REFERENCE =
  /(?<![A-Za-z0-9_.+\\/@-])@(?:"[^"\n]+"|'[^'\n]+'|cell:[\p{L}\p{N}_-]+|(?:~|\.{1,2})?\/?[\p{L}\p{N}_][\p{L}\p{N}_./~-]*)/gu;
const ENDING = /[.,\-/~]+$/;
const FENCE = /^[ \t]*(```|~~~).*?(?:^[ \t]*\1[ \t]*$|$(?![^]))/gms;
const DECORATOR = /^[ \t]*@[\w.]+(?:\(.*\))?[ \t]*\n(?=[ \t]*(?:@|def |class |async ))/gm;

/** Where the line of the magic begins; -1 if the cell is none of ours.
 *
 * @param text as much of the cell as there is, its beginning at least
 */
export function magicLine(text: string): number {
  let from = 0;
  for (const line of text.split('\n')) {
    const bare = line.trim();
    if (bare !== '' && !bare.startsWith('#')) return MAGIC.test(line) ? from : -1;
    from += line.length + 1;
  }
  return -1;
}

/** The pieces of a cell in their order; none if it is not ours. */
export function pieces(text: string): Piece[] {
  const from = magicLine(text);
  if (from < 0) return [];
  const found: Piece[] = [];
  for (const match of text.slice(0, from).matchAll(/#.*/g)) {
    found.push({ from: match.index, to: match.index + match[0].length, kind: 'comment' });
  }
  const begin = text.indexOf('%%kimi', from);
  found.push({ from: begin, to: begin + 6, kind: 'magic' });
  const prompt = options(text, begin + 6, found);
  for (const [at, name] of references(text, prompt)) {
    found.push({ from: at, to: at + name.length, kind: 'reference' });
  }
  return found;
}

/** Find the options on the magic's line, and where the prompt begins. */
function options(text: string, start: number, found: Piece[]): number {
  const lineEnd = text.indexOf('\n', start);
  const line = lineEnd < 0 ? text : text.slice(0, lineEnd);
  let at = skipBlank(line, start);
  while (line.startsWith('-', at)) {
    const [flag, end] = word(line, at);
    const equals = flag.indexOf('=');
    const name = equals < 0 ? flag : flag.slice(0, equals);
    found.push({ from: at, to: at + name.length, kind: 'option' });
    if (equals >= 0) found.push({ from: at + equals + 1, to: end, kind: 'value' });
    at = skipBlank(line, end);
    if (name === '--') return at;
    if (equals < 0 && !ALONE.has(name) && at < line.length) {
      const [value, valueEnd] = word(line, at);
      found.push({ from: at, to: at + value.length, kind: 'value' });
      at = skipBlank(line, valueEnd);
    }
  }
  return at;
}

function word(line: string, at: number): [text: string, end: number] {
  WORD.lastIndex = at;
  const text = WORD.exec(line)?.[0] ?? '';
  return [text, at + text.length];
}

function skipBlank(line: string, at: number): number {
  let end = at;
  while (line[end] === ' ' || line[end] === '\t') end += 1;
  return end;
}

/** What the prompt names, outside fenced code and decorators. */
function* references(text: string, start: number): Generator<[at: number, name: string]> {
  const prompt = text.slice(start);
  const skipped = [FENCE, DECORATOR].flatMap(pattern =>
    Array.from(prompt.matchAll(pattern), match => [match.index, match.index + match[0].length])
  );
  for (const { index, 0: name } of prompt.matchAll(REFERENCE)) {
    if (skipped.some(([from = 0, to = 0]) => from <= index && index < to)) continue;
    const quoted = name.endsWith('"') || name.endsWith("'");
    yield [start + index, quoted ? name : name.replace(ENDING, '')];
  }
}
