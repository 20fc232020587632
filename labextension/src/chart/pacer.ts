// When to draw: at most ten times a second, once under reduced motion, and never off-screen.

const SHORTEST_MS = 100;
const CALM_MS = 1_000;

export class Pacer {
  private drawnAt = -Infinity;
  private timer = 0;
  private visible = true;
  private stale = false;
  private readonly calm = matchMedia('(prefers-reduced-motion: reduce)');
  private readonly watch: IntersectionObserver;

  /** @param draw called with nothing owed; it draws what is newest then. */
  constructor(
    element: Element,
    private readonly draw: () => void
  ) {
    this.watch = new IntersectionObserver(entries => {
      this.visible = entries.at(-1)?.isIntersecting ?? true;
      if (this.visible && this.stale) this.request();
    });
    this.watch.observe(element);
  }

  /** Draw as soon as it is time to. */
  request(): void {
    this.stale = true;
    if (!this.visible || this.timer) return;
    const shortest = this.calm.matches ? CALM_MS : SHORTEST_MS;
    const wait = Math.max(0, this.drawnAt + shortest - performance.now());
    this.timer = window.setTimeout(() => {
      this.timer = 0;
      if (this.visible) this.now();
    }, wait);
  }

  /** Draw at once: the reader did something. */
  now(): void {
    this.stale = false;
    this.drawnAt = performance.now();
    this.draw();
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.watch.disconnect();
  }
}
