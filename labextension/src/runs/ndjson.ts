// JSON values that arrive one a line.

/** The values of a response, each as soon as its line is whole; lines that are no JSON are left out. */
export async function* linesOf(response: Response): AsyncGenerator {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (!reader) return;
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const found = parsed(line);
      if (found !== undefined) yield found;
    }
  }
}

function parsed(line: string): unknown {
  try {
    return line.trim() ? JSON.parse(line) : undefined;
  } catch {
    return undefined;
  }
}
