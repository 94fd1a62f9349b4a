export class Painter {
}
