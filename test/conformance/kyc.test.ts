import { describeConformance } from './describe.ts';

describeConformance('kyc');
