// The kernel's control channel, which is read even while a cell is busy. Both front ends that
// have one reach it through JupyterLab's kernel connection, of which only this much is used.

import { newId, type RunLink, type Way } from './link';
import { t } from '../words';

/** An answer under way. */
export interface ControlFuture {
  onReply: (message: { content: unknown }) => void;
  onIOPub: (message: { header: { msg_type: string }; content: unknown }) => void;
}

/** What is used of a kernel connection. */
export interface ControlKernel {
  readonly clientId?: string;
  readonly username?: string;
  interrupt?(): Promise<void>;
  sendControlMessage(message: object, expectReply: boolean, disposeOnDone: boolean): ControlFuture;
}

/** After the kernel is idle again, an answer is still given this long to come. */
const GRACE_MS = 1_000;

/** Whether something is a kernel connection with a control channel. */
export function isControlKernel(kernel: unknown): kernel is ControlKernel {
  const send = (kernel as Partial<ControlKernel> | null | undefined)?.sendControlMessage;
  return typeof send === 'function';
}

/** The way over the control channel; a kernel that does not know our request stays silent. */
export function controlWay(kernel: ControlKernel, link: RunLink): Way {
  return command => {
    const request = kernelMessage(kernel, 'control', 'nbagent_request', command);
    const future = kernel.sendControlMessage(request, true, true);
    future.onReply = message => {
      link.receive(message.content);
    };
    future.onIOPub = ({ header, content }) => {
      const state = (content as { execution_state?: unknown }).execution_state;
      if (header.msg_type !== 'status' || state !== 'idle') return;
      setTimeout(() => {
        link.silent(command.request_id, t('This kernel does not know nbagent.'));
      }, GRACE_MS);
    };
  };
}

/** A message to a kernel, in the form of Jupyter's messaging protocol 5.3. */
export function kernelMessage(
  kernel: ControlKernel,
  channel: 'control' | 'shell',
  type: string,
  content: object
): object {
  const header = {
    msg_id: newId(),
    msg_type: type,
    session: kernel.clientId ?? '',
    username: kernel.username ?? '',
    date: new Date().toISOString(),
    version: '5.3'
  };
  return { channel, header, content, parent_header: {}, metadata: {}, buffers: [] };
}
