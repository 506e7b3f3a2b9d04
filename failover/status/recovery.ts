import type { RecoveryWanted } from '../core/inputs.ts';

export type { Plan, Possible } from '../core/recovery/recovery.ts';
export type { AtStake, RecoveryRecord } from '../core/recovery-shown.ts';

/** What an operator orders who has seen a plan: on condition that all is still so. */
export type RecoveryOrder = Pick<RecoveryWanted, 'to' | 'seen' | 'confirmed' | 'by'>;
