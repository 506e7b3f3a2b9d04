/** How many histories are made, and the seed of the first: `HISTORIES=20000 FIRST_HISTORY=500 npx vitest run …`. */
export const HISTORIES = Number(process.env.HISTORIES ?? 400);
const FIRST_HISTORY = Number(process.env.FIRST_HISTORY ?? 1);

/** A few at a time, so that neither side waits for the other. */
export async function inTurn(count: number, each: (seed: number) => Promise<void>) {
  const ABREAST = 16;
  for (let from = 0; from < count; from += ABREAST) {
    const seeds = Array.from({ length: Math.min(ABREAST, count - from) }, (_, at) => from + at);
    await Promise.all(seeds.map((seed) => each(FIRST_HISTORY + seed)));
  }
}
