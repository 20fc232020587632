// Parts that several panes share: code as it stands in a pane, and what is not there yet.

import { codeNode } from '../view/code';
import { h } from '../view/dom';
import { clean } from '../view/phrases';

/** A call's code, or its arguments as JSON where it has none. */
export function callCode(given: Record<string, unknown>, code: string): HTMLElement {
  const text = code || JSON.stringify(given, null, 1);
  return codeNode(clean(text), code !== '');
}

/** Says that a pane has nothing yet, or that what it has is of an earlier step. */
export function notYet(
  what: string,
  step: number,
  partStep: number | undefined
): HTMLElement | null {
  if (partStep === step) return null;
  const words =
    partStep === undefined
      ? `No ${what} yet.`
      : `Not yet in step ${step}. This is the ${what} of step ${partStep}.`;
  return h('p', { class: 'm s sub' }, words);
}

export function editedMark(): HTMLElement {
  return h('span', { class: 'chip warn' }, 'edited by you');
}
