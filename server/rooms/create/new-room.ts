import type { UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';

/** What createRoom is asked for, in the words of the specification. */
export interface NewRoom {
  readonly preset?: Preset | undefined;
  /** Whether the room directory lists it. */
  readonly visibility?: 'public' | 'private' | undefined;
  readonly room_version?: string | undefined;
  readonly room_alias_name?: string | undefined;
  readonly name?: string | undefined;
  readonly topic?: string | undefined;
  readonly invite?: readonly UserId[] | undefined;
  readonly is_direct?: boolean | undefined;
  readonly creation_content?: JsonObject | undefined;
  readonly power_level_content_override?: JsonObject | undefined;
  readonly initial_state?: readonly InitialState[] | undefined;
}

export type Preset = 'private_chat' | 'trusted_private_chat' | 'public_chat';

export interface InitialState {
  readonly type: string;
  readonly state_key: string;
  readonly content: JsonObject;
}
