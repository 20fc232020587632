// What the UI says. English stands where it is said and is the key of every other language's
// catalogue, which Python reads too: `nbagent/words/zh-CN.json`.

/** What stands in place of `{name}`. */
export type Values = Readonly<Record<string, string | number>>;
/** A language: its texts by the English ones. */
export type Catalogue = Readonly<Record<string, string>>;

const ENGLISH: Catalogue = {};
const PLACES = /\{(\w+)\}/g;

/** The page's language; English while another one is not yet loaded. */
let catalogue = ENGLISH;

/** A text of the UI in the page's language, with its values.
 *
 * @param text English, with `{name}` where a value belongs
 */
export function t(text: string, values: Values = {}): string {
  return (catalogue[text] ?? text).replace(PLACES, (whole, name: string) =>
    String(values[name] ?? whole)
  );
}

/** So many of something: `1 step`, `5 steps`; in the catalogue as these words, with `{n}` for any
 * number but 1.
 *
 * @param word one of them, in English
 * @param many several of them, where it is not the word with an `s`
 */
export function counted(n: number, word: string, many = `${word}s`): string {
  return n === 1 ? t(`1 ${word}`) : t(`{n} ${many}`, { n: n.toLocaleString('en-US') });
}

/** Parts in one line, those that are empty left out: `1 failed, 2 denied`. */
export function listed(...parts: (string | false | 0 | undefined)[]): string {
  return parts.filter(Boolean).join(t(', '));
}

/** Speak a language from now on. */
export function speak(words: Catalogue): void {
  catalogue = words;
  forms = null;
  found.clear();
}

/** The language that is spoken, for a module that has a copy of this one. */
export function language(): Catalogue {
  return catalogue;
}

/** What stands in a place of that name; in others anything may. */
const VALUES: Readonly<Record<string, string>> = {
  n: '\\d[\\d,.]*(?: [kM])?',
  cost: '\\$[\\d.,]+',
  status: '.*?',
  name: '\\S+',
  size: '\\d[\\d.]* [kM]?B',
  time: '\\d[\\d.]* (?:s|min|h)(?: \\d\\d)?'
};
/** With so many letters beside its places a text is known by them, whatever stands there. */
const TELLING = 6;

/** Texts with places as they are found when they are filled, the longest first. */
let forms: readonly (readonly [RegExp, string])[] | null = null;
/** What was found, as it is asked for at each drawing; so much of it is kept. */
const found = new Map<string, string>();
const KEPT = 500;

/** What was made in English and is kept so, in the page's language; as it is where no text of the
 * catalogue says it. Never for what a model, a tool or a person has written. The same as Python's. */
export function told(said: string): string {
  if (catalogue === ENGLISH || !said) return said;
  let words = found.get(said);
  if (words === undefined) {
    if (found.size >= KEPT) found.clear();
    found.set(said, (words = translated(said)));
  }
  return words;
}

function translated(said: string): string {
  const known = catalogue[said] ?? filled(said);
  if (known !== undefined) return known;
  if (said.includes('\n')) return said.split('\n').map(told).join('\n');
  const words = bySentences(said.split(/(?<=[.!?;]) (?=\S)/));
  return words === said ? (asList(said) ?? said) : words;
}

/** Sentences one after another, as many together as the catalogue has together. */
function bySentences(parts: readonly string[]): string {
  let words = '';
  for (let i = 0; i < parts.length; ) {
    const [n, next] = longestKnown(parts.slice(i));
    // Chinese sentences need no space between them.
    words += /[\x20-\x7e]$/.test(words) ? ` ${next}` : next;
    i += n;
  }
  return words;
}

/** How many of the first sentences are a text, and that text; the first as it is if none is. */
function longestKnown(parts: readonly string[]): [number, string] {
  for (let n = parts.length; n > 0; n--) {
    const first = parts.slice(0, n).join(' ');
    const known = catalogue[first] ?? filled(first);
    if (known !== undefined) return [n, known];
  }
  return [1, parts[0] ?? ''];
}

/** Parts between commas, if each of them is a text. */
function asList(said: string): string | undefined {
  const parts = said.split(', ').map(part => catalogue[part] ?? filled(part));
  return parts.every(part => part !== undefined) ? listed(...parts) : undefined;
}

/** The same for parts between commas, each of them a text. */
export function toldParts(said: string): string {
  return listed(...said.split(', ').map(told));
}

function filled(said: string): string | undefined {
  forms ??= Object.keys(catalogue)
    .filter(isKnownAgain)
    .sort((a, b) => bare(b).length - bare(a).length)
    .map(text => [pattern(text), text]);
  for (const [form, text] of forms) {
    const values = form.exec(said)?.groups;
    if (!values) continue;
    const inside = Object.entries(values).map(([name, value]) => [
      name,
      value.includes(' ') ? told(value) : value
    ]);
    return t(text, Object.fromEntries(inside) as Values);
  }
  return undefined;
}

function bare(text: string): string {
  return text.replace(PLACES, '');
}

function isKnownAgain(text: string): boolean {
  const names = Array.from(text.matchAll(PLACES), ([, name = '']) => name);
  const letters = bare(text).replace(/[^a-z]/gi, '').length;
  return names.length > 0 && (letters >= TELLING || names.every(name => name in VALUES));
}

function pattern(text: string): RegExp {
  const seen = new Set<string>();
  const parts = text.split(PLACES).map((part, i) => {
    if (i % 2 === 0) return part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
    const again = seen.has(part);
    seen.add(part);
    return again ? `\\k<${part}>` : `(?<${part}>${VALUES[part] ?? '.+?'})`;
  });
  return new RegExp(`^${parts.join('')}$`);
}

/** Chinese in simplified characters, by the names that pages and JupyterLab have for it. */
const CHINESE = /^zh(?![-_](?:tw|hk|mo|hant))/i;

/** Load the page's language; what says something is loaded behind this. */
export async function spoken(): Promise<void> {
  if (!CHINESE.test(document.documentElement.lang)) return;
  const words = import(/* webpackChunkName: "zh_CN" */ '../../../nbagent/words/zh-CN.json');
  speak((await words.catch(() => ({ default: ENGLISH }))).default); // English is better than nothing
}
