import type { UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';

/** A signature on a device's key (by its device id) or on a cross-signing key (by its public key). */
export interface KeySignature {
  readonly targetUserId: UserId;
  readonly targetKeyId: string;
  readonly signerUserId: UserId;
  /** With its algorithm: `ed25519:…`. */
  readonly signerKeyId: string;
  readonly signature: string;
}

/**
 * Those that `reader` is to see. A signature on another user's key says whom its signer trusts, and
 * is shown to the signer only (end-to-end encryption, "Cross-signing: security considerations").
 */
export const keySignaturesOn = (
  database: Database,
  targetUserIds: readonly UserId[],
  reader: UserId | null,
) =>
  database.query<KeySignature>(
    'key_signatures_on',
    `SELECT target_user_id AS "targetUserId", target_key_id AS "targetKeyId",
       signer_user_id AS "signerUserId", signer_key_id AS "signerKeyId", signature
     FROM key_signature
     WHERE target_user_id = ANY ($1::text[])
       AND (signer_user_id = target_user_id OR signer_user_id = $2)`,
    [targetUserIds, reader],
  );

/** The others of whose keys the user has signed any. */
export async function usersSignedBy(database: Database, signer: UserId): Promise<UserId[]> {
  const rows = await database.query<{ userId: UserId }>(
    'users_signed_by',
    `SELECT DISTINCT target_user_id AS "userId" FROM key_signature
     WHERE signer_user_id = $1 AND target_user_id <> $1`,
    [signer],
  );
  return rows.map(({ userId }) => userId);
}

export const keySignatureRow = (made: KeySignature, position: number): Row => ({
  write: PUT_KEY_SIGNATURE,
  values: [
    made.targetUserId,
    made.targetKeyId,
    made.signerUserId,
    made.signerKeyId,
    made.signature,
    position,
  ],
});

/** Of a key that is gone or was replaced: what was signed is no longer there. */
export const keySignaturesGoneRow = (targetUserId: UserId, targetKeyId: string): Row => ({
  write: DELETE_KEY_SIGNATURES,
  values: [targetUserId, targetKeyId],
});

const PUT_KEY_SIGNATURE: Write = {
  name: 'put_key_signature',
  table: 'key_signature',
  sql: `INSERT INTO key_signature
      (target_user_id, target_key_id, signer_user_id, signer_key_id, signature, position)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int8[])
    ON CONFLICT (target_user_id, target_key_id, signer_user_id, signer_key_id)
      DO UPDATE SET signature = excluded.signature, position = excluded.position`,
  types: ['text', 'text', 'text', 'text', 'text', 'int8'],
  key: (values) => values.slice(0, 4).join('\0'),
};

const DELETE_KEY_SIGNATURES: Write = {
  name: 'delete_key_signatures',
  table: 'key_signature (all on a key)',
  sql: `DELETE FROM key_signature AS kept
    USING unnest($1::text[], $2::text[]) AS gone (target_user_id, target_key_id)
    WHERE kept.target_user_id = gone.target_user_id AND kept.target_key_id = gone.target_key_id`,
  types: ['text', 'text'],
};
