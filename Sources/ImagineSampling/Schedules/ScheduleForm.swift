/// In whose form a schedule is computed: programs share names of schedules more than numbers.
///
/// Where nothing is to be matched, ComfyUI's forms are taken: they end without noise, where A1111's "KL Optimal" leaves some.
struct ScheduleForm {
  var likeness: Likeness?
  /// Whether diffusers' scheduler is one of its multistep solvers, which leave out the last of one more step.
  var isSolver = false
}
