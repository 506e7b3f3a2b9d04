// What all programs that somebody starts by hand do alike.

export function refuse(why: string): never {
  console.error(why);
  process.exit(1);
}

/** Aborted by whoever breaks the program off, which goes on all the same; `then` is done each time that somebody does. */
export function brokenOff(then: () => void = () => {}): AbortSignal {
  const left = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      left.abort();
      then();
    });
  return left.signal;
}
