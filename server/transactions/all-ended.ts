/** All are waited for, also where one fails: what is left of a transaction must not go on behind its answer. */
export async function allEnded<T extends readonly unknown[] | []>(work: T) {
  await Promise.allSettled(work);
  return Promise.all(work);
}
