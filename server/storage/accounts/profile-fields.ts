import type { UserId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';

/** `value` is JSON. */
export interface ProfileField {
  readonly field: string;
  readonly value: string;
}

export const profileFieldsOf = (database: Database, userId: UserId) =>
  database.query<ProfileField>(
    'profile_fields_of',
    'SELECT field, value FROM profile_field WHERE user_id = $1',
    [userId],
  );

export const profileFieldRow = (userId: UserId, field: string, value: string): Row => ({
  write: PUT_PROFILE_FIELD,
  values: [userId, field, value],
});

export const profileFieldGoneRow = (userId: UserId, field: string): Row => ({
  write: DELETE_PROFILE_FIELD,
  values: [userId, field],
});

/** Of a user who wants to be forgotten. */
export const profileGoneRow = (userId: UserId): Row => ({
  write: DELETE_PROFILE,
  values: [userId],
});

const byField: NonNullable<Write['key']> = ([userId, field]) => `${userId}\0${field}`;

const PUT_PROFILE_FIELD: Write = {
  name: 'put_profile_field',
  table: 'profile_field',
  sql: `INSERT INTO profile_field (user_id, field, value)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
    ON CONFLICT (user_id, field) DO UPDATE SET value = excluded.value`,
  types: ['text', 'text', 'text'],
  key: byField,
};

const DELETE_PROFILE_FIELD: Write = {
  name: 'delete_profile_field',
  table: 'profile_field',
  sql: `DELETE FROM profile_field USING unnest($1::text[], $2::text[]) AS gone (user_id, field)
    WHERE profile_field.user_id = gone.user_id AND profile_field.field = gone.field`,
  types: ['text', 'text'],
  key: byField,
};

const DELETE_PROFILE: Write = {
  name: 'delete_profile_of',
  table: 'profile_field (all of a user)',
  sql: 'DELETE FROM profile_field WHERE user_id = ANY ($1::text[])',
  types: ['text'],
};
