// What is said above a trace where the saved notebook is all there is.

import { t } from '../words';

function noteOf(...parts: (string | Node)[]): HTMLElement {
  const note = document.createElement('p');
  note.className = 'nbagent-note';
  note.setAttribute('role', 'note');
  note.append(...parts);
  return note;
}

/** The line above a trace that was saved while its run went on, in a notebook that is not trusted. */
export function untrustedNote(): HTMLElement {
  return noteOf(
    t('This notebook is not trusted, so the trace is shown as it was saved and asks no kernel.')
  );
}

/** The line above a trace whose kernel is gone. */
export function goneNote(runId: string): HTMLElement {
  const command = (word: string): HTMLElement => {
    const code = document.createElement('code');
    code.textContent = `%kimi ${word} ${runId}`;
    return code;
  };
  const words = t(
    'The kernel that ran this is gone; this is the trace as it was saved. {resume} takes the run up, {show} draws all of it.'
  );
  const parts = words.split(/\{(\w+)\}/);
  return noteOf(...parts.map((part, i) => (i % 2 ? command(part) : part)));
}
