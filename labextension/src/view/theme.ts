// Dark or light, by the host's theme; only a host without one is judged by its text colour.

/** Whether the host is dark. */
export function isDark(host: Element): boolean {
  const { body } = document;
  const theme = body.dataset['jpThemeLight'];
  if (theme !== undefined) {
    return theme === 'false';
  }
  if (body.classList.contains('vscode-dark') || body.classList.contains('vscode-light')) {
    return body.classList.contains('vscode-dark');
  }
  const [r = 0, g = 0, b = 0] = (getComputedStyle(host).color.match(/[\d.]+/g) ?? []).map(Number);
  return r * 0.299 + g * 0.587 + b * 0.114 > 140;
}

/** Keep a class on a node that says so. */
export function followTheme(node: Element, host: Element): () => void {
  const apply = (): void => {
    node.classList.toggle('dark', isDark(host));
  };
  apply();
  const observer = new MutationObserver(apply);
  observer.observe(document.body, {
    attributes: true,
    attributeFilter: ['class', 'data-jp-theme-light']
  });
  return () => observer.disconnect();
}
