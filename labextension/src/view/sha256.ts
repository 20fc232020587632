// SHA-256 (FIPS 180-4) of a text, at once: the browser's own is asynchronous and needs https.

function fraction(value: number): number {
  return ((value - Math.floor(value)) * 2 ** 32) | 0;
}

function constants(): { start: number[]; rounds: number[] } {
  const start: number[] = [];
  const rounds: number[] = [];
  for (let n = 2; rounds.length < 64; n++) {
    let isPrime = true;
    for (let d = 2; d * d <= n; d++) {
      isPrime &&= n % d !== 0;
    }
    if (isPrime) {
      if (start.length < 8) {
        start.push(fraction(Math.sqrt(n)));
      }
      rounds.push(fraction(Math.cbrt(n)));
    }
  }
  return { start, rounds };
}

function padded(bytes: Uint8Array): DataView {
  const length = ((bytes.length + 72) >> 6) << 6;
  const whole = new Uint8Array(length);
  whole.set(bytes);
  whole[bytes.length] = 0x80;
  const view = new DataView(whole.buffer);
  view.setUint32(length - 8, Math.floor(bytes.length / 2 ** 29));
  view.setUint32(length - 4, bytes.length << 3);
  return view;
}

const turn = (x: number, n: number): number => (x >>> n) | (x << (32 - n));

function schedule(data: DataView, offset: number): Int32Array {
  const w = new Int32Array(64);
  for (let i = 0; i < 64; i++) {
    if (i < 16) {
      w[i] = data.getInt32(offset + i * 4);
      continue;
    }
    const a = w[i - 15] ?? 0;
    const b = w[i - 2] ?? 0;
    const small = turn(a, 7) ^ turn(a, 18) ^ (a >>> 3);
    const large = turn(b, 17) ^ turn(b, 19) ^ (b >>> 10);
    w[i] = ((w[i - 16] ?? 0) + small + (w[i - 7] ?? 0) + large) | 0;
  }
  return w;
}

/** The hexadecimal digest of a text's UTF-8 bytes. */
export function sha256(text: string): string {
  const { start, rounds } = constants();
  const data = padded(new TextEncoder().encode(text));
  const hash = Int32Array.from(start);
  for (let offset = 0; offset < data.byteLength; offset += 64) {
    const w = schedule(data, offset);
    let [a, b, c, d, e, f, g, h] = hash as unknown as number[] as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number
    ];
    for (let i = 0; i < 64; i++) {
      const s1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25);
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + (rounds[i] ?? 0) + (w[i] ?? 0)) | 0;
      const s0 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22);
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((value, i) => {
      hash[i] = ((hash[i] ?? 0) + value) | 0;
    });
  }
  return [...hash].map(x => (x >>> 0).toString(16).padStart(8, '0')).join('');
}
