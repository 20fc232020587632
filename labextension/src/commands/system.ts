// The operating system's notifications: only where the person has switched them on, and only while
// the page is hidden. The browser is asked for leave by a click, never by itself.

import { Notification as Notice } from '@jupyterlab/apputils';
import { t } from '../words';
import type { Defaults } from './defaults';

export class SystemNotices {
  private readonly shown = new Map<string, Notification>();
  private wasOn: boolean;

  constructor(private readonly defaults: Defaults) {
    this.wasOn = defaults.isOn('system_notify');
    defaults.onChange(() => this.changed());
  }

  /** Show words while the page is hidden, if that is wanted and allowed. */
  show(words: string, name: string, onClick: () => void): void {
    if (!this.defaults.isOn('system_notify') || !document.hidden) return;
    if (!('Notification' in window) || Notification.permission !== 'granted') return;
    const notice = new Notification('Kimi', { body: words, tag: name });
    notice.onclick = () => {
      window.focus();
      notice.close();
      onClick();
    };
    this.shown.set(name, notice);
  }

  close(name: string): void {
    this.shown.get(name)?.close();
    this.shown.delete(name);
  }

  /** They were switched on: offer the click by which the browser asks. */
  private changed(): void {
    const isOn = this.defaults.isOn('system_notify');
    const isNew = isOn && !this.wasOn;
    this.wasOn = isOn;
    if (!isNew || !('Notification' in window)) return;
    if (Notification.permission === 'denied') {
      Notice.emit(
        t('This browser refuses notifications of this page; its settings say so.'),
        'warning'
      );
    } else if (Notification.permission === 'default') {
      const callback = (): void => void Notification.requestPermission();
      const actions = [{ label: t('Ask the browser'), callback }];
      const words = t('The browser has to allow notifications outside of it.');
      Notice.emit(words, 'info', { autoClose: false, actions });
    }
  }
}
