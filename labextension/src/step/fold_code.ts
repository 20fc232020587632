// Parts that several panes share: code as it stands in a pane, and what is not there yet.

import { codeNode } from '../view/code';
import { h } from '../view/dom';
import { clean } from '../view/phrases';
import { t } from '../words';

/** A call's code, or its arguments as JSON where it has none. */
export function callCode(given: Record<string, unknown>, code: string): HTMLElement {
  const text = code || JSON.stringify(given, null, 1);
  return codeNode(clean(text), code !== '');
}

/** What a pane is of. */
export type Part = 'request' | 'reply' | 'tool call';

/** Says that a pane has nothing yet, or that what it has is of an earlier step. */
export function notYet(what: Part, step: number, partStep: number | undefined): HTMLElement | null {
  if (partStep === step) return null;
  const words = partStep === undefined ? none(what) : ofEarlier(what, step, partStep);
  return h('p', { class: 'm s sub' }, words);
}

function none(what: Part): string {
  if (what === 'request') return t('No request yet.');
  return what === 'reply' ? t('No reply yet.') : t('No tool call yet.');
}

function ofEarlier(what: Part, step: number, earlier: number): string {
  const values = { step, earlier };
  if (what === 'request') {
    return t('Not yet in step {step}. This is the request of step {earlier}.', values);
  }
  return what === 'reply'
    ? t('Not yet in step {step}. This is the reply of step {earlier}.', values)
    : t('Not yet in step {step}. This is the tool call of step {earlier}.', values);
}

export function editedMark(): HTMLElement {
  return h('span', { class: 'chip warn' }, t('edited by you'));
}
