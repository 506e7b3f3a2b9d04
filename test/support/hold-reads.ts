import type { FreshDatabase } from './postgres.ts';

/** A database whose answers can be kept back, as those of a slow one that read before others wrote. */
export function holdingReads(fresh: FreshDatabase) {
  let held: { name: string; read: () => void; mayGoOn: Promise<void> } | undefined;
  const query: FreshDatabase['database']['query'] = async (name, ...more) => {
    const rows = await fresh.database.query<never>(name, ...more);
    if (held?.name !== name) return rows;
    const { read, mayGoOn } = held;
    held = undefined;
    read();
    await mayGoOn;
    return rows;
  };
  return {
    fresh: { ...fresh, database: { ...fresh.database, query } } as FreshDatabase,
    /** The next answer to the query of this name. */
    hold(name: string) {
      const reading = Promise.withResolvers<void>();
      const going = Promise.withResolvers<void>();
      held = { name, read: reading.resolve, mayGoOn: going.promise };
      return { isRead: reading.promise, goOn: going.resolve };
    },
  };
}
