// A notebook that several pages share, as with jupyter-collaboration: what one page puts into it,
// all have. Of two that put the same trace into it at once, both would stay; so one of them does.

import { newId } from './link';
import type { NotebookModel } from './notebook';

/** How long a word to the other pages may be under way. */
const HEARD_MS = 3_000;

/** Find out whether it is this page that puts something into a notebook; at once if it is alone.
 *
 * Each page says its own name under the same key. One of them stands there for all, once everybody
 * has heard everybody. What is said so is in no file.
 *
 * @param what names it, the same on every page
 */
export async function isOurs(notebook: NotebookModel | null, what: string): Promise<boolean> {
  if (!notebook?.collaborative) return true;
  const [key, name] = [`nbagent:${what}`, newId()];
  notebook.sharedModel.setState(key, name);
  await new Promise(resolve => setTimeout(resolve, HEARD_MS));
  return notebook.sharedModel.getState(key) === name;
}
