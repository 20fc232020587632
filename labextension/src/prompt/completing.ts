// Completions of a prompt, asked over the control channel, so that they come while a run goes on.

import { controlWay } from '../shell/control';
import { RunLink } from '../shell/link';
import type { CompletionContext, CompletionItem, CompletionReply, CompletionRequest } from './host';
import { magicLine } from './tokens';

/** Whom a command names that asks for completions; `nbagent.magics.completing` answers. */
const NAME = 'prompt';
const GAP = ' · ';
const NOTHING: CompletionReply = { start: 0, end: 0, items: [] };

/** Whether completions of a place are ours to give. */
export const isOurs = ({ editor }: CompletionContext): boolean =>
  editor?.model.type === 'code' && magicLine(editor.model.sharedModel.getSource()) >= 0;

/** Ask the kernel; nothing if there is none, or none that knows nbagent. */
export async function complete(
  request: CompletionRequest,
  context: CompletionContext
): Promise<CompletionReply> {
  const kernel = context.session?.kernel;
  if (!kernel || !isOurs(context)) return NOTHING;
  const link = new RunLink(NAME);
  link.connect([controlWay(kernel, link)]);
  const asked = { code: request.text, cursor: request.offset };
  const data = await link.send('complete', asked).catch(() => null);
  return isAnswer(data)
    ? { start: data.start, end: request.offset, items: data.items.map(item) }
    : NOTHING;
}

interface Answer {
  readonly start: number;
  readonly items: readonly { text: string; about: string; kind: string }[];
}

function isAnswer(data: unknown): data is Answer {
  return Array.isArray((data as Partial<Answer> | null)?.items);
}

/** The words stand in the label, as completers cut a type short, and show no documentation. */
function item({ text, about, kind }: Answer['items'][number]): CompletionItem {
  return { label: about === '' ? text : `${text}${GAP}${about}`, insertText: text, type: kind };
}
