print("imagine")
