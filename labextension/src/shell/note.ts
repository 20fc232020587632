// What is said above a trace where the saved notebook is all there is.

/** The line above a trace whose kernel is gone. */
export function goneNote(runId: string): HTMLElement {
  const note = document.createElement('p');
  note.className = 'nbagent-note';
  note.setAttribute('role', 'note');
  const command = (word: string): HTMLElement => {
    const code = document.createElement('code');
    code.textContent = `%kimi ${word} ${runId}`;
    return code;
  };
  const saved = 'The kernel that ran this is gone; this is the trace as it was saved. ';
  note.append(saved, command('resume'), ' takes the run up, ', command('show'), ' draws all of it.');
  return note;
}
