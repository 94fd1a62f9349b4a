/* Something that was understood and is not possible, with a sentence that says why. */

export class Refused extends Error {}
