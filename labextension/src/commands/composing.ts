// Whether an input method is composing text anywhere in the page: no shortcut of ours acts then.

export class Composing {
  private isOn = false;

  constructor(page: Document) {
    page.addEventListener('compositionstart', () => (this.isOn = true), true);
    page.addEventListener('compositionend', () => (this.isOn = false), true);
  }

  get active(): boolean {
    return this.isOn;
  }
}
