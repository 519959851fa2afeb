import ImagineVulkan
import Testing

/// Which device is taken, on machines made up.
struct DeviceChoiceTests {
  private static let (radv, amdvlk, amd, nvidia, anv, lavapipe, dozen) = (3, 2, 1, 4, 6, 13, 23)

  private func device(
    _ kind: VulkanPhysicalDevice.Kind, _ driver: Int, _ hardware: UInt8, obstacle: String? = nil
  ) -> DeviceCandidate {
    DeviceCandidate(
      kind, driver: "driver \(driver)", driverID: UInt32(driver), hardware: [hardware, 0, 0], obstacle: obstacle)
  }

  /// The candidates in the order of their ranks.
  private func order(_ candidates: [DeviceCandidate]) -> [Int] { DeviceCandidate.ranked(candidates).map(\.index) }

  /// The one taken by itself.
  private func automatic(_ candidates: [DeviceCandidate]) -> Int? {
    DeviceCandidate.ranked(candidates).first { $0.passedOver == nil }?.index
  }

  private func reason(_ candidates: [DeviceCandidate], _ index: Int) -> String? {
    DeviceCandidate.ranked(candidates).first { $0.index == index }?.passedOver
  }

  @Test("An NVIDIA card comes before the processor's graphics, and software last") func kinds() {
    let machine = [
      device(.cpu, Self.lavapipe, 1), device(.integrated, Self.anv, 2), device(.discrete, Self.nvidia, 3),
      device(.virtual, 22, 4), device(.other, 0, 5),
    ]
    #expect(order(machine) == [2, 1, 3, 4, 0])
    #expect(automatic(machine) == 2)
    #expect(reason(machine, 0)?.contains("processor") == true && reason(machine, 4) != nil)
    for index in 1...3 { #expect(reason(machine, index) == nil) }
  }

  @Test("A Radeon under several drivers is one device, through RADV") func severalDrivers() {
    let machine = [
      device(.discrete, Self.amd, 1), device(.discrete, Self.amdvlk, 1), device(.discrete, Self.radv, 1),
      device(.integrated, Self.radv, 2),
    ]
    #expect(order(machine) == [2, 3, 0, 1])
    #expect(automatic(machine) == 2)
    for index in 0...1 { #expect(reason(machine, index)?.contains("driver \(Self.radv)") == true) }
    // Without RADV the open driver is the better one.
    #expect(automatic([machine[0], machine[1]]) == 1)
  }

  @Test("Two cards of one model stay two, and so do drivers that do not tell") func sameModel() {
    let twins = [device(.discrete, Self.radv, 1), device(.discrete, Self.radv, 2)]
    #expect(DeviceCandidate.ranked(twins).allSatisfy { $0.passedOver == nil })
    let silent = [device(.discrete, Self.radv, 0), device(.discrete, Self.amdvlk, 0)]
    #expect(DeviceCandidate.ranked(silent).allSatisfy { $0.passedOver == nil })
  }

  @Test("A preferred driver that cannot be used leaves the other") func obstacles() {
    let machine = [
      device(.discrete, Self.radv, 1, obstacle: "its driver has Vulkan 1.2.0 and 1.3 is needed"),
      device(.discrete, Self.amdvlk, 1),
    ]
    #expect(automatic(machine) == 1 && order(machine) == [1, 0])
    #expect(reason(machine, 0) == machine[0].obstacle)
  }

  @Test("A translation to Direct3D 12 is left alone") func translation() {
    let machine = [device(.discrete, Self.dozen, 1), device(.cpu, Self.lavapipe, 2)]
    #expect(automatic(machine) == nil)
    #expect(order(machine) == [1, 0])
    #expect(reason(machine, 0)?.contains("Direct3D") == true)
    let both = [device(.discrete, Self.dozen, 1), device(.discrete, Self.nvidia, 1)]
    #expect(automatic(both) == 1 && reason(both, 1) == nil)
  }

  @Test("A machine with software only, or nothing, leaves the processor") func nothing() {
    #expect(automatic([]) == nil)
    #expect(automatic([device(.cpu, Self.lavapipe, 1)]) == nil)
    #expect(automatic([device(.discrete, Self.nvidia, 1, obstacle: "it has no compute queue")]) == nil)
  }
}
