// The way between a view and the kernel that drives its run. A command goes out by every way
// there is at once; the kernel carries it out once, and the first answer counts.

import type { KernelMessage, Link } from '../view/types';
import { t, told } from '../words';

/** A command as the kernel's mailbox takes it. */
export interface Command {
  readonly run_id: string;
  readonly request_id: string;
  readonly action: string;
}

/** One way to the kernel. It passes what comes back to `RunLink.receive`, or throws. */
export type Way = (command: Command) => void;

const ANSWER_MS = 10_000;
/** How long a stop may stay unanswered before the kernel is interrupted, as the toolbar does. */
const STOP_MS = 1_000;

interface Waiting {
  readonly action: string;
  /** How many ways may still bring the answer. */
  left: number;
  readonly resolve: (data: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class RunLink implements Link {
  /** Whether the kernel said that it knows the run. */
  alive = false;
  /** Whether the run goes on, as far as the kernel has said. */
  running = false;
  /** Where the kernel sends its batches. */
  commId = '';
  private ways: readonly Way[] = [];
  private interrupt: () => void = () => undefined;
  private seq = -1;
  private readonly waiting = new Map<string, Waiting>();
  private readonly listeners = new Set<(message: KernelMessage) => void>();

  constructor(readonly runId: string) {}

  /** Use these ways from now on; what was asked by earlier ones may still be answered.
   *
   * @param interrupt interrupts the kernel, where the front end lets a view do that
   */
  connect(ways: readonly Way[], interrupt: () => void = () => undefined): void {
    this.ways = ways;
    this.interrupt = interrupt;
  }

  /** The kernel is gone, or another one has taken its place. */
  disconnect(): void {
    this.ways = [];
    this.alive = false;
    this.seq = -1;
    for (const id of [...this.waiting.keys()]) this.refuse(id, t('The kernel is gone.'));
  }

  /** Ask the kernel; a fork of the run is asked by naming it: `run_id` among the fields. */
  send(action: string, fields: object = {}): Promise<unknown> {
    const answer = this.ask(action, fields);
    if (action === 'stop') this.interruptUnless(answer);
    return answer;
  }

  private interruptUnless(answer: Promise<unknown>): void {
    const late = setTimeout(() => {
      if (this.running) this.interrupt();
    }, STOP_MS);
    const inTime = (): void => {
      clearTimeout(late);
    };
    answer.then(inTime, () => undefined);
  }

  private ask(action: string, fields: object): Promise<unknown> {
    const command = { run_id: this.runId, ...fields, request_id: newId(), action };
    return new Promise((resolve, reject) => {
      const waiting: Waiting = { action, left: this.ways.length, resolve, reject };
      this.waiting.set(command.request_id, waiting);
      setTimeout(() => {
        this.refuse(command.request_id, t('The kernel has not answered.'));
      }, ANSWER_MS);
      const gone = this.ways.filter(way => went(way, command)).length;
      waiting.left -= this.ways.length - gone;
      if (waiting.left <= 0) this.refuse(command.request_id, t('There is no kernel to ask.'));
    });
  }

  onMessage(callback: (message: KernelMessage) => void): () => void {
    this.listeners.add(callback);
    return () => {
      this.listeners.delete(callback);
    };
  }

  /** Take what came by one of the ways; anything that is not for this run is left alone. */
  receive(content: unknown): void {
    if (!isMessage(content)) return;
    if (content.type === 'reply')
      this.answer(content); // of a fork too: its request has a name
    else if (content.run_id !== this.runId) return;
    else if (content.type === 'snapshot') this.restart(content);
    else this.follow(content);
  }

  /** One way says that nobody there answers a request; the others may still. */
  silent(requestId: string, why: string): void {
    const waiting = this.waiting.get(requestId);
    if (!waiting) return;
    waiting.left -= 1;
    if (waiting.left <= 0) this.refuse(requestId, why);
  }

  private refuse(requestId: string, why: string): void {
    const waiting = this.waiting.get(requestId);
    this.waiting.delete(requestId);
    waiting?.reject(new Error(why));
  }

  private answer(reply: KernelMessage & { type: 'reply' }): void {
    if (!reply.ok) {
      this.refuse(reply.request_id, told(String((reply as { error?: unknown }).error)));
      return;
    }
    // What a slow kernel says too late still begins a view that has had no answer.
    const isLost = !this.alive && this.ways.length > 0;
    if (!this.waiting.has(reply.request_id) && !isLost) return;
    if (isMessage(reply.data) && reply.data.type === 'snapshot') this.restart(reply.data);
    this.settle(reply.request_id, reply.data);
  }

  /** A snapshot that is older than what has come since would take the view back: left out. */
  private restart(snapshot: KernelMessage & { type: 'snapshot' }): void {
    if (this.alive && snapshot.seq < this.seq) return;
    this.alive = true;
    this.running = snapshot.running;
    this.seq = snapshot.seq;
    this.commId = snapshot.comm_id ?? this.commId;
    this.tell(snapshot);
    for (const [id, { action }] of [...this.waiting]) {
      if (action === 'ready') this.settle(id, snapshot);
    }
  }

  private follow(batch: KernelMessage & { type: 'events' }): void {
    const last = batch.events.at(-1);
    if (!last) return;
    this.seq = Math.max(this.seq, last.seq);
    if (last.kind === 'run_finished') this.running = false;
    this.tell(batch);
  }

  private tell(message: KernelMessage): void {
    for (const listener of [...this.listeners]) listener(message);
  }

  private settle(requestId: string, data: unknown): void {
    const waiting = this.waiting.get(requestId);
    this.waiting.delete(requestId);
    waiting?.resolve(data);
  }
}

function went(way: Way, command: Command): boolean {
  try {
    way(command);
    return true;
  } catch {
    return false; // a dead kernel or a closed comm: the other ways are tried
  }
}

function isMessage(content: unknown): content is KernelMessage {
  return typeof content === 'object' && content !== null && 'nbagent' in content;
}

/** A name that no other request has; `crypto.randomUUID` is missing where a page came by http. */
export function newId(): string {
  const words = crypto.getRandomValues(new Uint32Array(4));
  return Array.from(words, word => word.toString(16).padStart(8, '0')).join('');
}
