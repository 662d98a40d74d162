import { describeConformance } from './describe.ts';

describeConformance('payments');
