import { readFileSync } from 'node:fs';

/** What orders and findings are good for that must not outlive a start of the machine. */
export const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

/** Since then. */
export const uptimeS = (): number => Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
