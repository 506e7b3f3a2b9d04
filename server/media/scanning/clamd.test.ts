import { expect, test } from 'vitest';
import { Clamd } from './clamd.ts';
import { ScannerAway } from './scanner.ts';

test.each([0, 99_999])('a port %s, which there is not, is a clamd that is away', async (port) => {
  const scan = new Clamd({ host: '127.0.0.1', port }).scan(none(), new AbortController().signal);
  await expect(scan).rejects.toThrow(ScannerAway);
});

async function* none(): AsyncGenerator<Buffer> {}
