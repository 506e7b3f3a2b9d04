import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { jsonObject, listOf, name } from '../../http/fields.ts';
import { EDUS_MAX, PDUS_MAX, type Transactions } from '../../transactions/transactions.ts';

/** As many of the largest events as one transaction may have, and as many EDUs of the same length. */
const BYTES_MAX = (PDUS_MAX + EDUS_MAX) * 65_536;

export const sendTransaction = endpoint({
  operation: 'sendTransaction',
  routes: ['PUT /_matrix/federation/v1/send/{txnId}'],
  auth: 'server',
  rateLimit: 'write',
  idempotency: 'txnId',
  path: z.object({ txnId: name }),
  body: {
    json: z.object({
      pdus: listOf(jsonObject, PDUS_MAX).default([]),
      edus: listOf(jsonObject, EDUS_MAX).default([]),
    }),
    bytesMax: BYTES_MAX,
    inParts: ['pdus', 'edus'],
  },

  async handle(
    { caller, body, once },
    { transactions }: { transactions: Pick<Transactions, 'take'> },
  ) {
    return { pdus: await transactions.take(caller.origin, body, once) };
  },
});
