// The commands, in one table. Menus, shortcuts and toolbars name them in schema/plugin.json; a test
// compares the two with what the guide says.

import { t } from '../words';

export type Id =
  | 'run'
  | 'fix'
  | 'explain'
  | 'stop'
  | 'step'
  | 'continue'
  | 'resume'
  | 'approve'
  | 'next-error'
  | 'toggle-panel'
  | 'settings';

/** What a command is called, and what it does. */
export interface Words {
  readonly label: string;
  readonly caption: string;
}

export function commandWords(): Readonly<Record<Id, Words>> {
  return {
    run: {
      label: t('Ask Kimi with This Cell'),
      caption: t('Makes the cell a %%kimi cell; runs it if it is one')
    },
    fix: {
      label: t('Fix with Kimi'),
      caption: t(
        'Asks for a change to this cell, which you accept or not; sends its code and error'
      )
    },
    explain: {
      label: t('Explain with Kimi'),
      caption: t('Asks what this cell does; sends its code and output')
    },
    stop: { label: t('Stop Kimi'), caption: t('Stops the run of this notebook') },
    step: {
      label: t('Step Kimi'),
      caption: t('Makes one move of the run, or lets it rest before its next one')
    },
    continue: {
      label: t('Let Kimi Go On'),
      caption: t('Leaves the stepping: the run goes on to its end')
    },
    resume: {
      label: t('Resume the Last Kimi Run'),
      caption: t('Goes on, in a new cell, with a run of this notebook that ended without an answer')
    },
    approve: {
      label: t('Go to Kimi’s Question'),
      caption: t('Puts the focus on what waits for you; it answers nothing by itself')
    },
    'next-error': {
      label: t('Go to the Next Error'),
      caption: t('In the traces and outputs of this notebook')
    },
    'toggle-panel': { label: t('Show Kimi Runs'), caption: t('Shows or hides the list of runs') },
    settings: { label: t('Kimi Settings'), caption: t('Defaults of runs and notifications') }
  };
}

/** The name by which the front end knows a command. */
export function idOf(id: Id): string {
  return `nbagent:${id}`;
}
