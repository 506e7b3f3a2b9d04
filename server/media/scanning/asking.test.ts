import { expect, test } from 'vitest';
import { Asking, NONE } from './asking.ts';
import { found, type Opinion, Unscannable } from './scanner.ts';

test('a scanner that finds something in an empty file is away, and the file that it says nothing of is not at fault', async () => {
  const at = asking();
  at.ofNothing = found('Error.License');
  expect(await at.ask()).toEqual(NONE);
  expect(at.errors).toEqual([
    'No file is scanned: no idea, and it does not say that an empty file is clean (it finds Error.License there) (key "scanning")',
  ]);
  expect(at.isHopeless()).toBe(false);
});

test('one that finds an empty file clean has nothing to say of the file', async () => {
  const at = asking();
  expect(await at.ask()).toEqual(NONE);
  expect(at.errors).toEqual(['The scanner says nothing of a file: no idea (key "scanning")']);
  expect(at.isHopeless()).toBe(true);
});

/** Of a scanner that has no idea of what is not empty. */
function asking() {
  const errors: string[] = [];
  const sha256 = Buffer.alloc(32);
  const at = { errors, ofNothing: { kind: 'clean' } as Opinion };
  const asked = new Asking({
    scanner: {
      async scan(file) {
        for await (const _bytes of file) throw new Unscannable('no idea');
        return at.ofNothing;
      },
    },
    withinMs: 60_000,
    now: () => 1,
    onError: (error) => errors.push((error as Error).message),
  });
  return Object.assign(at, {
    ask: () => asked.ask({ bytes: some(), sha256, name: 'a file' }),
    isHopeless: () => asked.isHopeless(sha256),
  });
}

async function* some() {
  yield Buffer.from('some');
}
