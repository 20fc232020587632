// A link that follows the kernel of a notebook: whatever kernel that is now, after a reload, a
// reconnection, a restart or a change of kernel.

import { controlWay, isControlKernel, kernelMessage } from './control';
import { RunLink, type Way } from './link';
import type { IOPubMessage, Kernel, SessionContext } from './notebook';

const RESTARTED = ['restarting', 'autorestarting', 'dead', 'terminating'];

export class SessionLink extends RunLink {
  private kernel: Kernel | null = null;
  private disposed = false;

  /**
   * @param session the notebook's
   * @param runId the run
   * @param onKernel called when there is a kernel to be asked, and when there is none any more
   */
  constructor(
    private readonly session: SessionContext,
    runId: string,
    private readonly onKernel: (isThere: boolean) => void
  ) {
    super(runId);
    session.kernelChanged.connect(this.attach);
    session.statusChanged.connect(this.restarted);
  }

  /** Begin: with the kernel that is there, or once it is known whether there is one. */
  start(): void {
    if (this.session.session?.kernel) this.attach();
    else this.session.ready.then(this.attach, this.attach);
  }

  dispose(): void {
    this.disposed = true;
    this.session.kernelChanged.disconnect(this.attach);
    this.session.statusChanged.disconnect(this.restarted);
    this.leave();
  }

  private readonly attach = (): void => {
    const kernel = this.session.session?.kernel ?? null;
    if (this.disposed || (kernel !== null && kernel === this.kernel)) return;
    this.leave();
    this.kernel = kernel;
    if (kernel) {
      kernel.iopubMessage.connect(this.heard);
      kernel.connectionStatusChanged.connect(this.reconnected);
      this.connect(this.waysTo(kernel), () => void kernel.interrupt());
    }
    this.onKernel(kernel !== null);
  };

  private leave(): void {
    this.kernel?.iopubMessage.disconnect(this.heard);
    this.kernel?.connectionStatusChanged.disconnect(this.reconnected);
    this.kernel = null;
    this.disconnect();
  }

  /** A restarted kernel has the same connection and knows nothing of the run. */
  private readonly restarted = (_sender: unknown, status: string): void => {
    if (!RESTARTED.includes(status) || !this.kernel) return;
    this.leave();
    this.onKernel(false);
  };

  /** What the kernel sent while the connection was away is lost: begin again. */
  private readonly reconnected = (_sender: unknown, status: string): void => {
    if (status === 'connected') this.onKernel(true);
  };

  private readonly heard = (_sender: unknown, message: IOPubMessage): void => {
    if (message.header.msg_type !== 'comm_msg' || this.commId === '') return;
    const content = message.content as { comm_id?: unknown; data?: { content?: unknown } };
    if (content.comm_id === this.commId) this.receive(content.data?.content);
  };

  private waysTo(kernel: Kernel): Way[] {
    return isControlKernel(kernel) ? [controlWay(kernel, this), this.commWay(kernel)] : [];
  }

  /** A message to the run's widget, whether or not this page ever drew it; only to a kernel that
   * has answered, as another one has no such widget. */
  private commWay(kernel: Kernel): Way {
    return command => {
      if (!this.alive || this.commId === '') throw new Error('There is no comm.');
      const data = { method: 'custom', content: command };
      const content = { comm_id: this.commId, data };
      kernel.sendShellMessage(kernelMessage(kernel, 'shell', 'comm_msg', content), false, true);
    };
  }
}
