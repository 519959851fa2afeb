import ImagineCPU
import Testing

@Suite("IMAGINE_CPU_FEATURES") struct CPUFeatureLimitTests {
  @Test func names() throws {
    #expect(try CPUFeatureLimit.features(named: "") == [])
    #expect(try CPUFeatureLimit.features(named: "none") == [])
    #expect(try CPUFeatureLimit.features(named: "avx2") == [.avx2])
    #expect(try CPUFeatureLimit.features(named: " AVX512 , avx2") == [.avx2, .avx512])
    #expect(try CPUFeatureLimit.features(named: "avx512-bf16") == [.avx2, .avx512, .avx512BFloat16])
    #expect(
      try CPUFeatureLimit.features(named: "amx-bf16,none") == [.avx2, .avx512, .avx512BFloat16, .amxBFloat16])
    #expect(try CPUFeatureLimit.features(named: "arm-bf16") == .armBFloat16)
  }

  @Test func onlyTheEnvironmentThatIsGivenLimits() throws {
    #expect(try CPUFeatureLimit.permitted(by: [:]) == .available)
    #expect(try CPUFeatureLimit.permitted(by: [CPUFeatureLimit.variable: "none"]) == [])
    #expect(try CPUBackend(environment: [CPUFeatureLimit.variable: "none"]).capabilities.features == [])
    #expect(try CPUBackend(environment: [:]).capabilities.features == .available)
    #expect(throws: CPUBackendError.self) { try CPUBackend(environment: [CPUProducts.variable: "mkl"]) }
    #expect(try CPUProducts.chosen(by: [CPUProducts.variable: ""]) == .automatic)
  }

  @Test func unknownName() {
    let error = #expect(throws: CPUBackendError.self) { try CPUFeatureLimit.features(named: "avx2,sse9") }
    #expect(error?.description.contains("\"sse9\"") == true)
    #expect(error?.description.contains("avx2, avx512, avx512-bf16, amx-bf16, arm-bf16") == true)
  }
}
