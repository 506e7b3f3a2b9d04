import type pg from 'pg';

/**
 * What our statements rely on, whatever is set for the database, the role or the whole server: given
 * when the session begins, these win over all of them. Without them a time limit cancels a COMMIT
 * that waits for its standby, which reads as done (D3.2); the warning that says so may be kept from
 * us (`client_min_messages`); and an acknowledgement may come before the disk has anything.
 */
const READER: Readonly<Record<string, string>> = {
  statement_timeout: '0',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  idle_session_timeout: '0',
  client_min_messages: 'notice',
  search_path: 'public',
  default_transaction_isolation: 'read\\ committed',
  default_transaction_deferrable: 'off',
  exit_on_error: 'off',
  // PostgreSQL 18 has other processes read ahead of a scan, which costs more than it saves where a look-up needs a page or two.
  effective_io_concurrency: '0',
};

/**
 * A statement of a batch finds its rows by their keys, whatever the tables hold: so its plan is made
 * once. PostgreSQL itself takes a plan for arrays of unknown length for dear, and would plan anew
 * what it joins with one at every batch; and a plan once made must not read a whole table because
 * it was made while that was small. Before release 18 a plan that has no choice but such a way
 * counts as endlessly dear, for which the compiler would be called each time.
 */
const PLANNED_ONCE = {
  plan_cache_mode: 'force_generic_plan',
  enable_seqscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  jit: 'off',
};

const WRITER: typeof READER = {
  ...READER,
  ...PLANNED_ONCE,
  synchronous_commit: 'on',
  default_transaction_read_only: 'off',
};

const BULK: typeof READER = {
  ...READER,
  synchronous_commit: 'on',
  default_transaction_read_only: 'off',
};

/** For `options` of a connection. */
export const BULK_SETTINGS = asOptions(BULK);
export const READER_SETTINGS = asOptions(READER);
export const WRITER_SETTINGS = asOptions(WRITER);

/** Of PostgreSQL 17 and later, so that it cannot be given to all when the session begins. */
export const settleSession = (client: pg.Client) =>
  client.query(
    `SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'transaction_timeout'`,
  );

function asOptions(settings: typeof READER): string {
  return Object.entries(settings)
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(' ');
}
