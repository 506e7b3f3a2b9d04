export { isLate, isLossy, isSick } from '../core/health/links.ts';
