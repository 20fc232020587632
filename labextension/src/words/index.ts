// What the UI says. English stands where it is said and is the key of every other language's
// catalogue, which Python reads too: `nbagent/words/zh-CN.json`.

/** What stands in place of `{name}`. */
export type Values = Readonly<Record<string, string | number>>;

/** The page's language, by the English texts; empty while that is English or not yet loaded. */
let catalogue: Readonly<Record<string, string>> = {};

/** A text of the UI in the page's language, with its values.
 *
 * @param text English, with `{name}` where a value belongs
 */
export function t(text: string, values: Values = {}): string {
  return (catalogue[text] ?? text).replace(/\{(\w+)\}/g, (whole, name: string) =>
    String(values[name] ?? whole)
  );
}

/** Chinese in simplified characters, by the names that pages and JupyterLab have for it. */
const CHINESE = /^zh(?![-_](?:tw|hk|mo|hant))/i;

/** Load the page's language; what says something is loaded behind this. */
export async function spoken(): Promise<void> {
  if (!CHINESE.test(document.documentElement.lang)) return;
  const words = import(/* webpackChunkName: "zh_CN" */ '../../../nbagent/words/zh-CN.json');
  catalogue = (await words.catch(() => ({ default: {} }))).default; // English is better than nothing
}
