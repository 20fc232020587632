// Makes `%%kimi` cells look and complete like prompts. The provider is here at once, as the page
// counts its providers when it has started.

import { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { ICompletionProviderManager } from '@jupyterlab/completer';
import { INotebookTracker } from '@jupyterlab/notebook';
import type { CompletionContext, CompletionManager, Languages } from '../prompt/host';
import type { NotebookTracker } from '../shell/notebook';

/** Before the kernel's own 550, whose answers have fewer words. */
const RANK = 600;

const body = (): Promise<typeof import('../prompt')> =>
  import(/* webpackChunkName: "prompt" */ '../prompt');

function activate(
  _app: unknown,
  tracker: NotebookTracker | null,
  languages: Languages | null,
  completion: CompletionManager | null
): void {
  if (tracker) void body().then(({ followPrompts }) => followPrompts(tracker, languages));
  completion?.registerProvider({
    identifier: 'nbagent:prompt',
    rank: RANK,
    renderer: null,
    isApplicable: async (context: CompletionContext) => (await body()).isOurs(context),
    fetch: async (request, context) => (await body()).complete(request, context)
  });
}

export default {
  id: 'nbagent:prompt',
  description: 'Highlights and completes the prompts of %%kimi cells.',
  autoStart: true,
  optional: [INotebookTracker, IEditorLanguageRegistry, ICompletionProviderManager],
  activate
};
