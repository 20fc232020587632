// Changing what is in hand at a move: as text, with the first fault in words beside it.

import { button, composes, h, setText } from '../view/dom';
import { spread } from './body';
import type { MoveFacts } from './types';
import { t, told } from '../words';
import { handName, textOf } from './words';

/** The text that a person edits, and how it becomes the value that the kernel takes. */
export interface Editing {
  text: string;
  /** What the text is: `JSON`, `Python`, `text`. */
  kind: string;
  valueOf(text: string): string;
}

/** What can be edited at a move; null if nothing is in hand. */
export function editingOf(facts: MoveFacts): Editing | null {
  const { request, reply, tool } = facts;
  const same = (text: string): string => text;
  switch (facts.place) {
    case 'request':
      return (
        request && {
          text: spread(request.body),
          kind: 'JSON',
          valueOf: same
        }
      );
    case 'reply':
      return (
        reply && {
          text: JSON.stringify(reply.message, null, 1),
          kind: 'JSON',
          valueOf: same
        }
      );
    case 'call':
      if (!tool) return null;
      return typeof tool.arguments['code'] === 'string'
        ? {
            text: tool.arguments['code'],
            kind: 'Python',
            valueOf: code => JSON.stringify({ ...tool.arguments, code })
          }
        : {
            text: JSON.stringify(tool.arguments, null, 1),
            kind: 'JSON',
            valueOf: same
          };
    case 'result':
      return tool && { text: textOf(tool.content), kind: 'text', valueOf: same };
    case '':
      return null;
  }
}

export interface EditActions {
  /** Null takes an earlier edit back; it fails with the words of a fault. */
  save(value: string | null): Promise<void>;
  close(): void;
}

/** The form for what is in hand at a move.
 *
 * @param isPast whether the move is over, so that the edit makes a fork
 */
export function editForm(facts: MoveFacts, isPast: boolean, act: EditActions): HTMLElement | null {
  const editing = editingOf(facts);
  if (!editing) return null;
  const name = t('Edit {what}', { what: handName(facts) });
  const kind = editing.kind === 'text' ? t('text') : editing.kind;
  const fault = h('p', { class: 's c-error', role: 'alert' });
  const area = h('textarea', {
    class: 'mono',
    spellcheck: 'false',
    'aria-label': t('{name}, as {kind}', { name, kind }),
    dir: editing.kind === 'text' ? 'auto' : 'ltr'
  });
  area.value = editing.text;
  const save = (value: string | null): void => {
    setText(fault, '');
    act.save(value).catch((error: unknown) => {
      setText(fault, told(error instanceof Error ? error.message : String(error)));
      area.focus({ preventScroll: true });
    });
  };
  const send = (): void => save(editing.valueOf(area.value));
  const words = isPast ? t('Fork with this edit') : t('Save');
  const past = h(
    'p',
    { class: 'm s' },
    t('A past move can’t change; this makes a fork with your edit.')
  );
  const form = h(
    'div',
    { class: 'edit', role: 'form', 'aria-label': name },
    h('div', { class: 'h' }, h('b', {}, name), h('span', { class: 'm s' }, kind)),
    isPast && past,
    area,
    fault,
    h(
      'div',
      { class: 'row' },
      button({ class: 'b big pri' }, send, words, h('kbd', { 'aria-hidden': 'true' }, 'Ctrl ↵')),
      button(
        { class: 'b big' },
        () => act.close(),
        t('Cancel'),
        h('kbd', { 'aria-hidden': 'true' }, 'Esc')
      ),
      !isPast && facts.edited && button({ class: 'b big' }, () => save(null), t('Take back'))
    )
  );
  area.addEventListener('keydown', event => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !composes(event)) {
      event.stopPropagation();
      event.preventDefault();
      send();
    }
  });
  return form;
}
