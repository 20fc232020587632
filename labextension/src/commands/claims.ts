// Several pages of one server hear of the same news. One of them tells it, and none if a person
// looks at it in any of them: each page says what it has by a channel that all of them hear.

/** How long the other pages have to say something. */
const HEARD_MS = 600;

/** What is used of a `BroadcastChannel`. */
export interface Channel {
  postMessage(message: unknown): void;
  addEventListener(type: 'message', callback: (event: { readonly data: unknown }) => void): void;
}

interface Said<Subject> {
  readonly name: string;
  /** Who would tell it; '' if it is told, or was looked at. */
  readonly claim: string;
  /** Whether a person has looked at it. */
  readonly isSeen?: boolean;
  readonly subject?: Subject;
}

export class Claims<Subject> {
  private readonly best = new Map<string, string>();
  private readonly settled = new Set<string>();

  /**
   * @param channel heard by all pages but the one that speaks
   * @param sees whether this page shows the subject to a person now
   * @param onSeen is told what a person has looked at in another page
   */
  constructor(
    private readonly channel: Channel,
    private readonly sees: (subject: Subject) => boolean,
    private readonly onSeen: (name: string) => void
  ) {
    channel.addEventListener('message', ({ data }) => this.hear(data as Said<Subject>));
  }

  /** Find out whether it is this page that tells a piece of news.
   *
   * @param claim stands for this page: the least of those that are heard tells
   */
  async isOurs(name: string, claim: string, subject: Subject): Promise<boolean> {
    if (this.settled.has(name)) return false;
    this.note(name, claim);
    this.channel.postMessage({ name, claim, subject } satisfies Said<Subject>);
    await new Promise(resolve => setTimeout(resolve, HEARD_MS));
    if (this.settled.has(name) || this.best.get(name) !== claim) return false;
    this.settle(name, false);
    return true;
  }

  /** A person looks at it in this page. */
  seen(name: string): void {
    this.settle(name, true);
  }

  private settle(name: string, isSeen: boolean): void {
    this.settled.add(name);
    this.channel.postMessage({ name, claim: '', isSeen } satisfies Said<Subject>);
  }

  private hear({ name, claim, isSeen, subject }: Said<Subject>): void {
    if (claim === '') {
      this.settled.add(name);
      if (isSeen) this.onSeen(name);
    } else if (subject !== undefined && this.sees(subject)) this.settle(name, true);
    else if (this.settled.has(name))
      this.settle(name, false); // a page that hears of it late
    else this.note(name, claim);
  }

  private note(name: string, claim: string): void {
    const best = this.best.get(name);
    if (best === undefined || claim < best) this.best.set(name, claim);
  }
}
