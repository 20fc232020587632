// The way between a notebook's page and whatever kernel the notebook has: the page says that it is
// there, takes what the kernel asks for, and answers.

import { controlWay, isControlKernel } from '../shell/control';
import { newId, RunLink } from '../shell/link';
import type { IOPubMessage, Kernel, SessionContext } from '../shell/notebook';
import { TRACE_MIME } from '../renderer';
import type { Comm, CommKernel } from './host';
import { isRequest, type Proposed, type Request, type Result, TARGET } from './protocol';

/** How many answers are kept, for a kernel that asks once more. */
const KEPT = 50;
const RESTARTED = ['restarting', 'autorestarting'];

/** What a line asks of its page. */
export interface Page {
  readonly collaborative: boolean;
  readonly path: string;
  /** Whether it is the notebook that the person looks at. */
  hasFocus(): boolean;
  /** Whether its notebook speaks of us, so that its kernel may know us. */
  mentions(): boolean;
  carryOut(request: Request): Result;
  /** This is all that the kernel knows to be undecided here. */
  offer(undecided: readonly Proposed[]): void;
  /** Another page was asked. */
  overhear(request: Request): void;
}

export class Line {
  /** How kernels name this page. */
  readonly id = newId();
  private readonly link = new RunLink('cells');
  private readonly answered = new Map<string, Result>();
  private kernel: CommKernel | null = null;
  /** Whether this kernel was told of the page. */
  private isTold = false;
  /** Whether it has answered: one that does not know us would only log an error. */
  private isKnown = false;

  constructor(
    private readonly session: SessionContext,
    private readonly page: Page
  ) {
    session.kernelChanged.connect(this.attach);
    session.statusChanged.connect(this.status);
    this.attach();
    session.ready.then(this.attach, () => undefined); // no kernel: another one may come
  }

  dispose(): void {
    this.session.kernelChanged.disconnect(this.attach);
    this.session.statusChanged.disconnect(this.status);
    if (this.isKnown) void this.say('page_gone', { page: this.id });
    this.leave();
  }

  /** Tell the kernel something; whether it has heard it. */
  async say(action: string, fields: object): Promise<unknown> {
    try {
      return await this.link.send(action, fields);
    } catch {
      return null; // a kernel that is gone, or does not know us, has nothing to be told
    }
  }

  /** The notebook has got the focus, or lost it. */
  focused(): void {
    if (this.isKnown) void this.tell();
  }

  private readonly attach = (): void => {
    const kernel = this.session.session?.kernel ?? null;
    if (kernel === this.kernel) return;
    this.leave();
    if (!kernel || !isControlKernel(kernel) || !isCommKernel(kernel)) return;
    this.kernel = kernel;
    this.link.connect([controlWay(kernel, this.link)]);
    kernel.registerCommTarget(TARGET, this.opened);
    kernel.iopubMessage.connect(this.heard);
    kernel.connectionStatusChanged.connect(this.reconnected);
    if (this.page.mentions()) void this.tell();
  };

  private leave(): void {
    const { kernel } = this;
    kernel?.removeCommTarget(TARGET, this.opened);
    kernel?.iopubMessage.disconnect(this.heard);
    kernel?.connectionStatusChanged.disconnect(this.reconnected);
    this.link.disconnect();
    this.kernel = null;
    this.isTold = this.isKnown = false;
  }

  private async tell(): Promise<void> {
    const { page, kernel } = this;
    this.isTold = true;
    const { collaborative, path } = page;
    const client = kernel?.clientId ?? '';
    const facts = { page: this.id, client, collaborative, path, focus: page.hasFocus() };
    const answer = (await this.say('page', facts)) as { proposals?: Proposed[] } | null;
    if (!answer) return;
    this.isKnown = true;
    page.offer(answer.proposals ?? []);
  }

  /** A restarted kernel has the same connection, and knows nothing of the page. */
  private readonly status = (_sender: unknown, status: string): void => {
    if (RESTARTED.includes(status)) this.isTold = this.isKnown = false;
  };

  private readonly reconnected = (_sender: unknown, status: string): void => {
    if (status === 'connected' && this.isTold) void this.tell();
  };

  /** A trace appears: so the kernel knows us. */
  private readonly heard = (_sender: unknown, { header, content }: IOPubMessage): void => {
    if (this.isTold || !header.msg_type.endsWith('display_data')) return;
    const { data } = content as { data?: object };
    if (data && TRACE_MIME in data) void this.tell();
  };

  private readonly opened = (comm: Comm, message: { content: { data: unknown } }): void => {
    const { data } = message.content;
    if ((data as { type?: unknown } | null)?.type === 'who') void this.tell();
    else if (!isRequest(data)) return;
    else if (data.to === this.id) void this.answer(comm, data);
    else this.page.overhear(data);
  };

  /** Do what is asked, once; an answer that gets no reply goes by the comm too. */
  private async answer(comm: Comm, request: Request): Promise<void> {
    const id = request.request_id;
    const result = this.answered.get(id) ?? this.page.carryOut(request);
    this.answered.set(id, result);
    if (this.answered.size > KEPT) this.answered.delete([...this.answered.keys()][0] ?? '');
    const late = setTimeout(() => comm.send({ action: 'done', answers: id, result }), BACKUP_MS);
    await this.say('done', { answers: id, result });
    clearTimeout(late);
  }
}

/** So long the kernel's word that it has an answer is waited for. */
const BACKUP_MS = 1_000;

function isCommKernel(kernel: Kernel): kernel is CommKernel {
  return typeof (kernel as Partial<CommKernel>).registerCommTarget === 'function';
}
