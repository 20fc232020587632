// While nobody looks: a question or an end of a run is told in the tab's title and in one
// notification, until somebody has looked or answered, here or in another page.

import { Notification } from '@jupyterlab/apputils';
import { newId } from '../shell/link';
import { type RunRow, type RunsStore } from '../runs/store';
import { t, told } from '../words';
import { Claims } from './claims';
import type { Defaults } from './defaults';
import { panelOf } from './here';
import type { App, Tracker } from './host';
import { type News, Watch } from './news';
import { SystemNotices } from './system';
import { TabTitle } from './title';

interface Open {
  readonly news: News;
  /** The notification, if this page shows it. */
  notice: string;
}

export class Away {
  private readonly watch = new Watch(Date.now() / 1000);
  private readonly title = new TabTitle(document);
  private readonly name = newId();
  private readonly open = new Map<string, Open>();
  private readonly claims: Claims<RunRow>;
  private readonly system: SystemNotices;

  /** @param decide brings the question of a run into sight */
  constructor(
    private readonly app: App,
    private readonly parts: { readonly tracker: Tracker; readonly store: RunsStore },
    private readonly defaults: Defaults,
    private readonly decide: (row: RunRow) => Promise<void>
  ) {
    // One origin may have several servers, as JupyterHub has.
    const channel = new BroadcastChannel(`nbagent${app.serviceManager.serverSettings.baseUrl}`);
    this.claims = new Claims<RunRow>(
      channel,
      row => this.sees(row),
      name => this.close(name)
    );
    this.system = new SystemNotices(defaults);
  }

  begin(): void {
    const { store, tracker } = this.parts;
    store.changed.connect(() => this.update());
    const look = (): void => this.look();
    document.addEventListener('visibilitychange', look);
    this.app.shell.currentChanged?.connect(look);
    tracker.currentChanged.connect(look);
    this.update();
  }

  private update(): void {
    for (const news of this.watch.look(this.parts.store.rows)) this.hear(news);
    for (const { news } of [...this.open.values()]) if (!this.isOpen(news)) this.close(news.name);
    this.look();
  }

  private hear(news: News): void {
    if (!this.defaults.isOn('notify') || !this.isNear(news.row)) return;
    if (this.sees(news.row)) this.claims.seen(news.name);
    else {
      this.open.set(news.name, { news, notice: '' });
      this.draw();
      void this.tell(news);
    }
  }

  /** Whether this page has to do with a run: it runs in a kernel here, or its notebook is open. */
  private isNear(row: RunRow): boolean {
    return row.source !== 'server' || panelOf(row, this.parts.tracker) !== undefined;
  }

  /** Whether a person has the run's notebook before them, in this page. */
  private sees(row: RunRow): boolean {
    const panel = panelOf(row, this.parts.tracker);
    return !document.hidden && panel?.isVisible === true;
  }

  /** Whether a question is still put; an end stays one. */
  private isOpen({ kind, row }: News): boolean {
    const now = this.parts.store.rows.find(({ run_id }) => run_id === row.run_id);
    return kind === 'ended' || now?.needs?.key === row.needs?.key;
  }

  /** A person looks at what is in sight now. */
  private look(): void {
    for (const { news } of [...this.open.values()]) {
      if (!this.sees(news.row)) continue;
      this.claims.seen(news.name);
      this.close(news.name);
    }
  }

  private async tell(news: News): Promise<void> {
    // A page that somebody has before them tells it rather than one that is hidden.
    const claim = `${document.hidden ? 1 : 0} ${this.name}`;
    const isOurs = await this.claims.isOurs(news.name, claim, news.row);
    const open = this.open.get(news.name);
    if (!isOurs || !open) return;
    const words = wordsOf(news);
    const callback = (): void => {
      this.close(news.name);
      void this.show(news);
    };
    const label = news.kind === 'asks' ? t('Go to the decision') : t('Open');
    const type = news.kind === 'asks' || news.row.state === 'limit' ? 'warning' : endType(news.row);
    const actions = [{ label, callback }];
    open.notice = Notification.emit(words, type, { autoClose: false, actions });
    this.system.show(words, news.name, callback);
  }

  private async show({ kind, row }: News): Promise<void> {
    const { store, tracker } = this.parts;
    if (kind === 'asks') await this.decide(row);
    else if (row.notebook && (row.source !== 'server' || panelOf(row, tracker))) {
      await store.jump(row.run_id);
    } else store.open(row.run_id);
  }

  private close(name: string): void {
    const open = this.open.get(name);
    this.open.delete(name);
    if (open?.notice) Notification.dismiss(open.notice);
    this.system.close(name);
    this.draw();
  }

  /** The most urgent thing stands in the title. */
  private draw(): void {
    const all = [...this.open.values()].map(({ news }) => news);
    const asks = all.some(({ kind }) => kind === 'asks');
    const last = all.at(-1);
    this.title.set(asks ? `◆ ${t('Kimi needs you')}` : last ? endMark(last.row) : '');
  }
}

function endMark(row: RunRow): string {
  return row.state === 'answer' ? `✓ ${t('Kimi has answered')}` : `✕ ${t('Kimi has ended')}`;
}

function endType(row: RunRow): 'success' | 'error' {
  return row.state === 'answer' ? 'success' : 'error';
}

/** One sentence: who, where, what. */
function wordsOf({ kind, row }: News): string {
  const values = { title: row.title, notebook: row.notebook.split('/').at(-1) ?? '' };
  if (kind === 'asks') {
    return t('Kimi needs you in {notebook}: {question}', {
      ...values,
      question: told(row.needs?.title ?? '')
    });
  }
  if (row.state === 'answer') return t('Kimi has answered in {notebook}: {title}', values);
  return t('A run in {notebook} has ended: {words}', { ...values, words: told(row.words) });
}
