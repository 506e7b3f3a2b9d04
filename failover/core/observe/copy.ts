import type { CopySeen } from '../state/seen.ts';

export const seeCopy = (damage: string | null): CopySeen => ({ copyDamage: damage });
