import pg from 'pg';
import { settleSession, WRITER_SETTINGS } from './session-settings.ts';

/** By which a takeover finds, and ends, migrations that an earlier server has left open. */
export const MIGRATION_APPLICATION = 'farol-migration';

/** Of the writer, for what is made once from what is stored. */
export async function openMigrationSession(
  url: string,
  {
    signal,
    types,
  }: { readonly signal?: AbortSignal | undefined; readonly types?: pg.CustomTypesConfig } = {},
) {
  const client = new pg.Client({
    connectionString: url,
    application_name: MIGRATION_APPLICATION,
    options: WRITER_SETTINGS,
    ...(types && { types }),
  });
  // What is under way at an abort rejects, since its connection is gone.
  const cut = () => void client.end().catch(() => {});
  client.on('error', () => {});
  await client.connect();
  signal?.addEventListener('abort', cut, { once: true });
  if (signal?.aborted) cut();
  const session = {
    client,
    async [Symbol.asyncDispose]() {
      signal?.removeEventListener('abort', cut);
      await client.end();
    },
  };
  try {
    await settleSession(client);
    return session;
  } catch (error) {
    await session[Symbol.asyncDispose]();
    throw error;
  }
}
