// The way to the kernel: each request once, the first answer counts, nothing takes the view back.

import { describe, expect, it, vi } from 'vitest';
import { controlWay, type ControlFuture, type ControlKernel } from '../../src/shell/control';
import { RunLink, type Command } from '../../src/shell/link';
import { picturesIn } from '../../src/shell/pictures';
import type { KernelMessage } from '../../src/view/types';

const RUN = 'r1';

function snapshot(seq: number, running = true): KernelMessage {
  return {
    nbagent: 1,
    type: 'snapshot',
    run_id: RUN,
    comm_id: 'c',
    seq,
    t: 0,
    running,
    events: []
  };
}

function reply(command: Command | undefined, data: unknown): unknown {
  const request_id = command?.request_id ?? '';
  return { nbagent: 1, type: 'reply', run_id: RUN, request_id, ok: true, data };
}

function linked(): { link: RunLink; sent: Command[]; heard: KernelMessage[] } {
  const link = new RunLink(RUN);
  const sent: Command[] = [];
  const heard: KernelMessage[] = [];
  link.connect([command => sent.push(command), command => sent.push(command)]);
  link.onMessage(message => heard.push(message));
  return { link, sent, heard };
}

describe('a link', () => {
  it('sends one request by every way, and takes the first answer once', async () => {
    const { link, sent, heard } = linked();
    const answer = link.send('ready');
    expect(new Set(sent.map(command => command.request_id)).size).toBe(1);
    expect(sent).toHaveLength(2);
    link.receive(reply(sent[0], snapshot(4)));
    link.receive(reply(sent[0], snapshot(4)));
    await expect(answer).resolves.toMatchObject({ seq: 4 });
    expect(heard).toHaveLength(1);
    expect([link.alive, link.running, link.commId]).toEqual([true, true, 'c']);
  });

  it('asks a fork by its name, and takes its answer but none of its events', async () => {
    const { link, sent, heard } = linked();
    const answer = link.send('moves', { run_id: 'r2' });
    expect(sent[0]?.run_id).toBe('r2');
    link.receive({ ...snapshot(4), run_id: 'r2' });
    link.receive({ ...(reply(sent[0], { moves: [] }) as object), run_id: 'r2' });
    await expect(answer).resolves.toEqual({ moves: [] });
    expect([heard, link.alive]).toEqual([[], false]);
  });

  it('lets no late snapshot take the view back', () => {
    const { link, heard } = linked();
    link.receive(snapshot(4));
    const event = { kind: 'run_finished', seq: 5, t: 1, reason: 'answer' } as const;
    link.receive({ nbagent: 1, type: 'events', run_id: RUN, t: 1, events: [event] });
    link.receive(snapshot(4));
    expect(heard.map(message => message.type)).toEqual(['snapshot', 'events']);
    expect(link.running).toBe(false);
  });

  it('begins with a snapshot that was waited for in vain, unless its kernel is gone', async () => {
    vi.useFakeTimers();
    const { link, sent, heard } = linked();
    const answer = expect(link.send('ready')).rejects.toThrow('The kernel has not answered.');
    await vi.runAllTimersAsync();
    await answer;
    link.receive(reply(sent[0], snapshot(4)));
    expect([heard.length, link.alive, link.commId]).toEqual([1, true, 'c']);
    link.disconnect();
    link.receive(reply(sent[0], snapshot(4)));
    expect([heard.length, link.alive]).toEqual([1, false]);
    vi.useRealTimers();
  });

  it('hears nothing of other runs', () => {
    const { link, heard } = linked();
    link.receive({ ...snapshot(1), run_id: 'other' });
    link.receive('anything');
    link.receive(null);
    expect(heard).toHaveLength(0);
  });

  it('goes on by one way when the other is closed, and says so when all are', async () => {
    const { link, sent } = linked();
    const closed = (): never => {
      throw new Error('closed');
    };
    link.connect([closed, command => sent.push(command)]);
    const answer = link.send('stop');
    link.receive(reply(sent[0], {}));
    await expect(answer).resolves.toEqual({});
    link.connect([closed]);
    await expect(link.send('stop')).rejects.toThrow('no kernel');
  });

  it('gives up what waits when the kernel is gone, and takes the next one’s snapshot', async () => {
    const { link, heard } = linked();
    link.receive(snapshot(40));
    const answer = link.send('bundle');
    link.disconnect();
    await expect(answer).rejects.toThrow('gone');
    link.receive(snapshot(2));
    expect(heard).toHaveLength(2);
  });
});

describe('a stop', () => {
  it('interrupts the kernel when nobody answers it, and only then', async () => {
    vi.useFakeTimers();
    const { link, sent } = linked();
    const interrupt = vi.fn();
    link.connect([command => sent.push(command)], interrupt);
    link.receive(snapshot(1));
    const answered = link.send('stop');
    link.receive(reply(sent[0], {}));
    await answered;
    vi.advanceTimersByTime(5_000);
    expect(interrupt).not.toHaveBeenCalled();
    link.send('stop').catch(() => undefined);
    vi.advanceTimersByTime(5_000);
    expect(interrupt).toHaveBeenCalledOnce();
    vi.useRealTimers();
  });
});

describe('the control channel', () => {
  function kernel(): ControlKernel & { sent: { content: Command }[]; future: ControlFuture } {
    const future: ControlFuture = { onReply: () => undefined, onIOPub: () => undefined };
    const sent: { content: Command }[] = [];
    const sendControlMessage = (message: object): ControlFuture => {
      sent.push(message as { content: Command });
      return future;
    };
    return { sendControlMessage, sent, future };
  }

  it('carries the request, and its reply back', async () => {
    const [link, there] = [new RunLink(RUN), kernel()];
    link.connect([controlWay(there, link)]);
    const answer = link.send('ready');
    expect(there.sent[0]).toMatchObject({ channel: 'control', content: { action: 'ready' } });
    there.future.onReply({ content: reply(there.sent[0]?.content, snapshot(1)) });
    await expect(answer).resolves.toMatchObject({ type: 'snapshot' });
  });

  it('takes a kernel that is idle again and has not answered for one without nbagent', async () => {
    vi.useFakeTimers();
    const [link, there] = [new RunLink(RUN), kernel()];
    link.connect([controlWay(there, link)]);
    const answer = link.send('ready');
    const header = { msg_type: 'status' };
    there.future.onIOPub({ header, content: { execution_state: 'idle' } });
    vi.runAllTimers();
    vi.useRealTimers();
    await expect(answer).rejects.toThrow('does not know nbagent');
  });
});

describe('pictures of a saved trace', () => {
  it('are those that have a name', () => {
    const url = 'data:image/png;base64,AAAA';
    const html = `<img src="data:image/svg+xml;base64,PHN2Zz4=" alt="">\n<img class="nba-0123456789ab" src="${url}" alt="a &gt; b">`;
    expect(picturesIn(html)).toEqual({ '0123456789ab': url });
    expect(picturesIn(html.split('\n'))).toEqual({ '0123456789ab': url });
    expect(picturesIn('<img class="nba-0123456789ab" src="https://example.org/x.png">')).toEqual(
      {}
    );
    expect(picturesIn(undefined)).toEqual({});
  });
});
