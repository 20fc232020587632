// A few words before the tab's title, which the front end goes on to change as it likes.

const MARK = ' · ';

export class TabTitle {
  private words = '';
  private readonly observer: MutationObserver;

  constructor(private readonly page: Document) {
    this.observer = new MutationObserver(() => this.draw());
    const title = page.querySelector('head > title') ?? page.head;
    this.observer.observe(title, { childList: true, characterData: true, subtree: true });
  }

  /** Let these words stand before the title; '' for none. */
  set(words: string): void {
    const before = this.own();
    this.words = words;
    this.page.title = words ? `${words}${MARK}${before}` : before;
  }

  /** The title as the front end has set it. */
  private own(): string {
    const { title } = this.page;
    const prefix = `${this.words}${MARK}`;
    return this.words && title.startsWith(prefix) ? title.slice(prefix.length) : title;
  }

  private draw(): void {
    if (this.words && !this.page.title.startsWith(`${this.words}${MARK}`)) this.set(this.words);
  }
}
