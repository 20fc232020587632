// What the bench sees from inside a page: what kernels send, marks as they are painted, frames.
// Playwright runs it before the page's own scripts. A mark is `q0042`, somewhere in an output.

(() => {
  const bench = (window.bench = { frames: 0, bytes: 0, painted: [], last: -1, moved: 0 });

  const Plain = window.WebSocket;
  window.WebSocket = class extends Plain {
    constructor(url, ...rest) {
      super(url, ...rest);
      if (!String(url).includes('/channels')) return;
      this.addEventListener('message', ({ data }) => {
        bench.frames++;
        bench.moved = performance.now();
        bench.bytes += data.byteLength ?? data.size ?? data.length;
      });
    }
  };

  const cells = () => document.querySelectorAll('.jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell');
  const traces = node =>
    [...node.querySelectorAll('.nbagent-trace > div')].map(host => host.shadowRoot).filter(Boolean);

  function lastMark(text) {
    for (let at = text.lastIndexOf('q'); at >= 0; at = at && text.lastIndexOf('q', at - 1)) {
      const mark = /^q(\d{4})/.exec(text.slice(at, at + 5));
      if (mark) return Number(mark[1]);
      if (at === 0) break;
    }
    return -1;
  }

  // A mark that enters the document during a frame's callbacks is painted by that frame, one that
  // enters between frames by the next; the message arrives when the frame has been drawn.
  let [area, inFrame, next, due] = [null, false, -1, -1];
  const followed = new WeakSet();
  const drawn = new MessageChannel();
  const note = nodes => {
    for (const node of nodes) {
      const mark = lastMark(node.textContent);
      if (inFrame) due = Math.max(due, mark);
      else next = Math.max(next, mark);
    }
  };
  const observer = new MutationObserver(records => {
    for (const { type, target, addedNodes } of records) {
      note(type === 'characterData' ? [target] : addedNodes);
    }
  });
  const follow = node => {
    if (followed.has(node)) return;
    followed.add(node);
    observer.observe(node, { childList: true, characterData: true, subtree: true });
    note([node]);
  };
  drawn.port1.onmessage = () => {
    inFrame = false;
    if (due <= bench.last) return;
    bench.painted.push([due, Date.now()]);
    bench.last = due;
    bench.moved = performance.now();
  };
  const frame = () => {
    inFrame = true;
    due = Math.max(due, next);
    drawn.port2.postMessage(0);
    traces(area).forEach(follow);
    requestAnimationFrame(frame);
  };

  /** Look for marks in the output of the i-th cell from now on. */
  bench.watch = i => {
    area = cells()[i].querySelector('.jp-Cell-outputArea');
    follow(area);
    requestAnimationFrame(frame);
  };

  /** Whether a mark was painted, or nothing has come or changed for so long that it never will be. */
  bench.isOver = ([mark, quietMs]) =>
    bench.last >= mark || (bench.last >= 0 && performance.now() - bench.moved > quietMs);

  /** Whether a chart stands in that output. */
  bench.hasChart = () => traces(area).some(root => root.querySelector('canvas')?.clientWidth > 0);

  const currentPanel = path =>
    [...document.querySelectorAll('.jp-NotebookPanel:not(.lm-mod-hidden)')].find(() => {
      const { currentWidget } = window.jupyterapp.shell;
      return currentWidget?.context?.path === path;
    });
  const stepsIn = panel => {
    const [root] = panel ? traces(panel) : [];
    return root?.querySelector('[role="list"][aria-label="Steps"]') ?? null;
  };

  // What an open notebook looks like, as far as it matters for being complete.
  const LOOKS = {
    trace: panel => {
      const list = stepsIn(panel);
      const rows = list?.querySelectorAll('[role="listitem"]').length;
      return rows ? `${rows} ${list.scrollHeight} ${list.getRootNode().querySelectorAll('canvas').length}` : '';
    },
    plain: panel => panel?.querySelector('.jp-OutputArea-output')?.textContent ?? ''
  };
  const SETTLED_MS = 1_500;

  /** Open a notebook; the milliseconds until what is shown was first painted, and until it stood still. */
  bench.open = (path, kind) =>
    new Promise(resolve => {
      const began = performance.now();
      let [look, first, whole] = ['', 0, 0];
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = ({ data }) => {
        const now = performance.now();
        if (data !== look) whole = now;
        if (data && !first) first = now;
        look = data;
        if (look && now - whole > SETTLED_MS) resolve([first - began, whole - began]);
        else requestAnimationFrame(see);
      };
      const see = () => port2.postMessage(LOOKS[kind](currentPanel(path)));
      void window.jupyterapp.commands.execute('docmanager:open', { path });
      requestAnimationFrame(see);
    });

  const above = node => node.parentElement ?? node.getRootNode().host ?? null;
  const scrolls = node =>
    node.scrollHeight > node.clientHeight + 1 && /auto|scroll/.test(getComputedStyle(node).overflowY);
  const scrollerOf = node => (!node || scrolls(node) ? node : scrollerOf(above(node)));

  /** Scroll through the steps, again and again until enough frames have passed; their lengths. */
  bench.scrollThrough = (path, nFrames) =>
    new Promise(resolve => {
      const scroller = scrollerOf(stepsIn(currentPanel(path)));
      if (!scroller) {
        resolve({ frames: [], height: 0 });
        return;
      }
      scroller.scrollIntoView({ block: 'center' });
      scroller.scrollTop = 0;
      const px = Math.max(60, Math.ceil(scroller.scrollHeight / nFrames));
      const frames = [];
      let [before, passes] = [null, 0];
      const step = now => {
        if (before !== null) frames.push(now - before);
        before = now;
        const { scrollTop, clientHeight, scrollHeight } = scroller;
        const isAtEnd = scrollTop + clientHeight >= scrollHeight - 2;
        passes += isAtEnd ? 1 : 0;
        scroller.scrollTop = isAtEnd ? 0 : scrollTop + px;
        if (passes > 0 && frames.length >= nFrames) resolve({ frames, height: scrollHeight });
        else requestAnimationFrame(step);
      };
      requestAnimationFrame(step);
    });

  /** The text of the trace, and how many elements it consists of. */
  bench.trace = path => {
    const [root] = traces(currentPanel(path));
    return { text: root.textContent, nodes: root.querySelectorAll('*').length };
  };
})();
