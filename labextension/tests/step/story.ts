// A run of five steps as the kernel would tell its moves, written by hand. The dev page and the
// tests of the step view draw it.

import type {
  Card,
  Kin,
  Move,
  MoveFacts,
  Moves,
  Place,
  RequestFacts,
  ToolFacts
} from '../../src/step/types';
import { textOf } from '../../src/step/words';
import type { Message } from '../../src/view/types';
import { type Call, PIXEL, STEPS, type StepStory } from './steps';

export const SOURCE = `def agent_loop(messages: list[Message], tools: Sequence[Tool]) -> LoopGenerator:
    """Ask the model and run the tools it calls, until it calls none."""
    while True:
        reply = yield Ask(messages, tools)
        messages.append(reply)
        calls = reply.get("tool_calls")
        if not calls:
            return reply
        results = yield Act(calls)
        messages.extend(results)
`;

const RULES =
  'You work in a notebook. Rules and kernel facts:\n' +
  '- Keep the names of the user.\n'.repeat(40);
const PROMPT =
  'Which columns of @df have missing values? Say which birds, and suggest what to do. ' +
  'x'.repeat(300);

function replyOf(step: StepStory, number: number): Message {
  const calls = step.calls.map((each, i) => ({
    id: `functions.${each.name}:${number - 1 + i}`,
    type: 'function',
    function: { name: each.name, arguments: JSON.stringify(each.given) }
  }));
  const made = calls.length ? { tool_calls: calls } : {};
  return { role: 'assistant', content: step.content, reasoning_content: step.reasoning, ...made };
}

function resultOf(each: Call, number: number, i: number): Message {
  const id = `functions.${each.name}:${number - 1 + i}`;
  const parts = [
    { type: 'text', text: each.saw },
    { type: 'image_url', image_url: { url: `data:image/png;base64,${PIXEL}` } }
  ];
  return { role: 'tool', tool_call_id: id, content: each.picture ? parts : each.saw };
}

const TOOLS = ['run_python', 'inspect_variable', 'list_files', 'read_file', 'write_file'].map(
  name => ({
    type: 'function',
    function: {
      name,
      description: `What ${name} does, in many words. `.repeat(6),
      parameters: { type: 'object' }
    }
  })
);

function bodyOf(messages: readonly Message[]): string {
  return JSON.stringify({
    model: 'kimi-k2.6',
    stream: true,
    stream_options: { include_usage: true },
    tools: TOOLS,
    messages,
    max_completion_tokens: 16384
  });
}

export function bytes(value: string): number {
  return new TextEncoder().encode(value).length;
}

/** Everything of the run, told up to any move. */
export class Story {
  readonly moves: Move[] = [];
  /** What a person has put in the place of what was in hand, by the move. */
  readonly edits = new Map<number, string>();
  private readonly facts: ((self: Story) => MoveFacts)[] = [];

  constructor(readonly steps: readonly StepStory[] = STEPS) {
    const messages: Message[] = [
      { role: 'system', content: RULES },
      { role: 'user', content: PROMPT }
    ];
    let seen = 0;
    let before = 0;
    let tool: ToolFacts | null = null;
    let reply: MoveFacts['reply'] = null;
    steps.forEach((step, i) => {
      const number = i + 1;
      const body = bodyOf(messages);
      const cached = before;
      before = bytes(body) - bytes('],"max_completion_tokens":16384}');
      const request: RequestFacts = {
        body,
        n_bytes: bytes(body),
        est_tokens: Math.round(bytes(body) / 3.2),
        cached_bytes: cached,
        est_usd: bytes(body) * 3e-7,
        is_sent: false,
        edited: false,
        url: 'https://api.moonshot.ai/v1/chat/completions',
        step: number
      };
      const history = (joins: readonly Message[]): MoveFacts['history'] =>
        historyOf(messages, joins, seen, i);
      const said = replyOf(step, number);
      this.add(number, 'request', 0, '', { line: 4, history: history([]), request, reply, tool });
      const sent = { ...request, is_sent: true };
      reply = {
        message: said,
        finish_reason: step.calls.length ? 'tool_calls' : 'stop',
        usage: { prompt_tokens: 3902, completion_tokens: 592, reasoning_tokens: 139 },
        ttft_s: 0.6,
        tokens_per_s: 98,
        edited: false,
        was: '',
        reasoning: 'kept',
        step: number
      };
      seen = messages.length;
      this.add(number, 'reply', 0, step.calls.length ? 'calls' : 'answer', {
        line: 4,
        history: history([said]),
        request: sent,
        reply,
        tool
      });
      messages.push(said);
      const results = step.calls.map((each, k) => resultOf(each, number, k));
      step.calls.forEach((each, k) => {
        const waits = toolOf(each, number, k, step.calls.length);
        const done: ToolFacts = { ...waits, state: 'done', wall_s: each.wall };
        const common = { line: 9, request: sent, reply };
        this.add(number, 'call', k, '', { ...common, history: history([]), tool: waits });
        tool = done;
        const joins = results.slice(0, k + 1);
        this.add(number, 'result', k, each.error ? 'error' : '', {
          ...common,
          history: history(joins),
          tool
        });
      });
      messages.push(...results);
    });
  }

  private add(
    step: number,
    place: Place,
    index: number,
    mark: Move['mark'],
    more: Partial<MoveFacts>
  ): void {
    const n = this.moves.length + 1;
    this.moves.push({ n, place, step, index, mark, edited: false });
    const calls = this.steps[step - 1]?.calls.length ?? 0;
    const isFirst = step === 1 && place === 'request';
    const ran =
      place === 'request' ? (isFirst ? [1, 3] : [3, 10]) : place === 'call' ? [5, 6, 7] : [];
    const goesOn = place === 'call' || place === 'result' || (place === 'request' && !isFirst);
    this.facts.push(() => ({
      n,
      place,
      step,
      index,
      mark,
      edited: false,
      line: 4,
      ran,
      tests: goesOn
        ? [{ line: 7, taken: false, text: `no: ${calls || 1} call${calls > 1 ? 's' : ''}` }]
        : [],
      skipped: goesOn ? [8] : [],
      say: SAYS[place],
      history: { messages: [], n_cached: 0, since: 0 },
      request: null,
      reply: null,
      tool: null,
      ...structuredClone(more)
    }));
  }

  /** What is known of a move. */
  at(n: number): MoveFacts {
    const facts = this.facts[n - 1]?.(this);
    if (!facts) throw new Error(`There is no move ${n}.`);
    const edit = this.edits.get(n);
    if (edit === undefined) return facts;
    facts.edited = true;
    if (facts.place === 'result' && facts.tool) {
      facts.tool = { ...facts.tool, was: textOf(facts.tool.content), content: edit, edited: true };
      const card = facts.history.messages.filter(each => each.joins).at(-1);
      if (card) Object.assign(card, { was: card.text, text: edit, edited: true });
    }
    return facts;
  }
}

const SAYS: Record<Place, string> = {
  request:
    'Next, `Ask` leaves the loop: the messages on the right go to the model, and its reply comes back as `reply`.',
  reply:
    'The reply is in hand. On the next move it becomes `reply`, joins the history on line 5, and goes to line 9, because it has calls.',
  call: 'Next, `Act` runs this call in your kernel.',
  result:
    '`Act` ran 1 call in your kernel in 0.74 s. On the next move the result joins the history on line 10 and the loop asks again.',
  '': ''
};

function toolOf(each: Call, step: number, index: number, of: number): ToolFacts {
  const content = each.picture
    ? [{ type: 'text', text: each.saw }, { type: 'image_url' }]
    : each.saw;
  return {
    name: each.name,
    call_id: `functions.${each.name}:${step - 1 + index}`,
    arguments: each.given,
    code: typeof each.given['code'] === 'string' ? each.given['code'] : '',
    gate: 'approved by policy',
    content,
    n_bytes: bytes(each.saw),
    outputs: each.outputs,
    is_error: each.error !== '',
    outcome: each.error,
    changes: { added: each.added, changed: [], removed: [], files: [] },
    wall_s: null,
    edited: false,
    was: '',
    state: 'waits',
    step,
    index,
    of
  };
}

function historyOf(
  messages: readonly Message[],
  joins: readonly Message[],
  seen: number,
  since: number
): MoveFacts['history'] {
  const card = (message: Message, i: number): Card => {
    const content = Array.isArray(message.content)
      ? message.content.map(part => part.text ?? '[image]').join('\n')
      : (message.content ?? '');
    const calls = (message['tool_calls'] ?? []) as {
      function: { name: string; arguments: string };
    }[];
    const called = calls
      .map(each => `${each.function.name}(${each.function.arguments})`)
      .join('\n');
    const names = calls.map(each => `call ${each.function.name}`).join(', ');
    const title = message.role === 'system' ? 'Rules and kernel facts' : content.slice(0, 60);
    return {
      role: message.role ?? '',
      title: message.role === 'assistant' ? `reasoning, ${names || 'answer'}` : title,
      text: called || content,
      n_bytes: bytes(JSON.stringify(message)),
      is_new: i >= seen,
      joins: i >= messages.length,
      edited: false,
      was: ''
    };
  };
  return {
    messages: [...messages, ...joins].map(card),
    n_cached: seen,
    since
  };
}

/** The kernel's side: it answers, and notes what it was asked. */
export class StoryKernel {
  readonly sent: [action: string, fields: Record<string, unknown>][] = [];
  open: number;
  finished: Moves['finished'] = '';
  forks: Kin[] = [];
  /** The words with which an edit is refused. */
  refuses = '';
  constructor(
    readonly story: Story,
    open: number | null,
    readonly runId = 'run-7'
  ) {
    this.open = open ?? story.moves.length;
    if (open === null) this.finished = 'answer';
  }

  moves(runId = this.runId): Moves {
    const isFork = runId !== this.runId;
    const fork = this.forks.find(kin => kin.run_id === runId);
    const n = isFork ? (fork?.move ?? 1) : this.open;
    const open = { n, key: `k${n}`, why: whyOf(this.story.moves[n - 1]) };
    const edited = (move: Move): Move => ({ ...move, edited: this.story.edits.has(move.n) });
    return {
      loop: { name: 'agent_loop', source: SOURCE, file: 'nbagent.loop', builtin: true },
      moves: this.story.moves.slice(0, n).map(edited),
      open: this.finished && !isFork ? null : open,
      finished: isFork ? '' : this.finished,
      until: 'move',
      question: null,
      forked_from: isFork ? { run_id: this.runId, move: n } : null,
      forks: isFork ? [] : this.forks,
      can_fork_fresh: true
    };
  }

  readonly send = (action: string, fields: object = {}): Promise<unknown> => {
    const given = fields as Record<string, unknown>;
    this.sent.push([action, given]);
    try {
      return Promise.resolve(this.answer(action, given));
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
  };

  private answer(action: string, given: Record<string, unknown>): unknown {
    switch (action) {
      case 'moves':
        return this.moves(given['run_id'] as string | undefined);
      case 'move':
        return this.story.at(given['n'] as number);
      case 'go':
        if (given['key'] !== `k${this.open}`) throw new Error('This pause is over.');
        this.open += 1;
        return {};
      case 'edit':
        if (this.refuses) throw new Error(this.refuses);
        if (given['value'] === null) this.story.edits.delete(this.open);
        else this.story.edits.set(this.open, given['value'] as string);
        return {};
      case 'fork':
        this.forks = [...this.forks, { run_id: `run-8`, move: given['n'] as number }];
        return { run_id: 'run-8' };
      case 'fork_facts':
        return {
          changed: '+typical +guess',
          n_worked: 2,
          n_failed: 1,
          files: [],
          words_here: '',
          words_fresh: ''
        };
      default:
        return {};
    }
  }
}

function whyOf(move: Move | undefined): string {
  switch (move?.place) {
    case 'request':
      return `Paused before request ${move.step}. Nothing has been sent yet.`;
    case 'reply':
      return `Paused after reply ${move.step}.`;
    case 'call':
      return 'Paused before run_python.';
    case 'result':
      return 'Paused after run_python. The result is not yet in the history.';
    default:
      return '';
  }
}
